"""Genotypes as torch modules: those that the benchmarks trained, and chains of layers."""

from nasbench_ga.networks.building import Inheritance, Network, build_network, build_networks, builders, side_by_side
from nasbench_ga.networks.layer_chain import ChainNetwork
from nasbench_ga.networks.nats import NATSNetwork
from nasbench_ga.networks.nb101 import NB101Network
from nasbench_ga.networks.saving import load_network, save_network

__all__ = [
    "ChainNetwork",
    "Inheritance",
    "NATSNetwork",
    "NB101Network",
    "Network",
    "build_network",
    "build_networks",
    "builders",
    "load_network",
    "save_network",
    "side_by_side",
]
