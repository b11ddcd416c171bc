"""What can be searched: genotypes, their variation, identity and encodings. Needs numpy only."""

from nasbench_ga.spaces.base import CategoricalSpace, Genotypes, Space, get_space, register_space, spaces
from nasbench_ga.spaces.graphs import Graphs
from nasbench_ga.spaces.layer_chain import LayerChain
from nasbench_ga.spaces.layer_chain_settings import LayerChainSettings
from nasbench_ga.spaces.layers import Chain, Layer
from nasbench_ga.spaces.nats_sss import NATSSize
from nasbench_ga.spaces.nats_tss import NATSTopology
from nasbench_ga.spaces.nats_tss_graph import NATSTopologyGraph
from nasbench_ga.spaces.nb101 import NB101, NB101Cell, NB101Raw9, module_hash

__all__ = [
    "NB101",
    "CategoricalSpace",
    "Chain",
    "Genotypes",
    "Graphs",
    "Layer",
    "LayerChain",
    "LayerChainSettings",
    "NATSSize",
    "NATSTopology",
    "NATSTopologyGraph",
    "NB101Cell",
    "NB101Raw9",
    "Space",
    "get_space",
    "module_hash",
    "register_space",
    "spaces",
]
