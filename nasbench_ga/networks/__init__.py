"""Genotypes as torch modules: the networks that the benchmarks trained."""

from nasbench_ga.networks.building import Network, build_network, build_networks, builders, side_by_side
from nasbench_ga.networks.nats import NATSNetwork
from nasbench_ga.networks.nb101 import NB101Network

__all__ = [
    "NATSNetwork",
    "NB101Network",
    "Network",
    "build_network",
    "build_networks",
    "builders",
    "side_by_side",
]
