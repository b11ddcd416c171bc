"""NATS-Bench's topology space as graphs with operations on their vertices, as Dervisi's study searched it.

Foteini Dervisi, University of Macedonia, and Dervisi et al., EANN 2022.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import nats_tss
from nasbench_ga.spaces.base import Genotypes, register_space
from nasbench_ga.spaces.graphs import NO_VERTEX
from nasbench_ga.spaces.nats_tss import NATSTopology, on_a_path
from nasbench_ga.spaces.triangle_space import TriangleSpace, triangle_cardinalities

OPERATION_NAMES = ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "skip_connect")
VERTICES = 8
OUTPUT = VERTICES - 1
SOURCES, TARGETS = np.triu_indices(VERTICES, 1)

_TOPOLOGY = NATSTopology()
_NONE = nats_tss.OPERATION_NAMES.index("none")
_IN_STRING = np.array([nats_tss.OPERATION_NAMES.index(name) for name in OPERATION_NAMES], np.int8)
_FROM_STRING = np.zeros(len(nats_tss.OPERATION_NAMES), np.int8)
_FROM_STRING[_IN_STRING] = np.arange(len(OPERATION_NAMES))
_FIRST_EDGE = np.searchsorted(SOURCES, np.arange(OUTPUT)).tolist()  # of each vertex
_LATER = np.array([(1 << VERTICES) - (2 << v) for v in range(OUTPUT)], np.uint8)  # bits of the vertices after each
_BETWEEN = np.full((nats_tss.NODES, nats_tss.NODES), -1)  # the edge of the string from one node to another
_BETWEEN[tuple(np.transpose(nats_tss.EDGES))] = np.arange(len(nats_tss.EDGES))
_SWAPPED = np.array([1, 0, 2, 3, 5, 4])  # edges of the string when nodes 1 and 2 change their names
_BETWEEN_MIDDLE_NODES = 2


@register_space("nats-tss-graph")
class NATSTopologyGraph(TriangleSpace):
    """Cells of NATS-Bench's topology space, written as graphs of their operations.

    A genotype has 34 genes: the 28 bits of the adjacency's upper triangle row by row, then the operations (indices into
    `OPERATION_NAMES`) of vertices 1 to 6; vertex 0 is the input, 7 the output. It is valid if, pruned to the vertices
    on a path from input to output, its operations can be put on edges between at most four nodes, one on an edge, so
    that each operation is followed by those that start where it ends: any two vertices have the same successors or
    none in common. An edge from input to output is in no valid genotype.

    Nodes that can be named in two ways are named so that the string comes first in the benchmark. Cells are numbered as
    in `nats-tss`, some of whose strings no graph stands for: those with an operation on no path, and the later of two
    strings that differ in the names of their nodes.
    """

    name = "nats-tss-graph"
    benchmark = "nats-tss"
    vertices = VERTICES
    edges = len(SOURCES)
    cardinalities = triangle_cardinalities(VERTICES, len(OPERATION_NAMES))
    size = NATSTopology.size
    _rule = (
        "pruned to the vertices between input and output, its operations are those on the edges of a cell of at most "
        f"{nats_tss.NODES} nodes"
    )

    def is_valid(self, genotypes: Genotypes) -> NDArray[np.bool_]:
        """Tells which genotypes, pruned, are operations on the edges of a cell of four nodes; shape (n,)."""
        successors, kept = _pruned(self.check(genotypes))
        heads = _heads(successors)
        valid = (kept[OUTPUT] > 0) & (successors[0] != 1 << OUTPUT)
        valid &= np.bitwise_count(np.bitwise_or.reduce(heads)) <= nats_tss.NODES
        for v, after in enumerate(successors):
            reached = np.zeros_like(after)
            for w in range(v + 1, OUTPUT):
                reached |= heads[w] & _mask(after, w)
            valid &= np.bitwise_count(reached) == np.bitwise_count(after & ~np.uint8(1 << OUTPUT))
            for before in successors[:v]:
                valid &= (before == after) | (before & after == 0)
        return valid

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The index of each cell's architecture string in NATS-Bench, shape (n,)."""
        return _TOPOLOGY.identify(self._strings(genotypes))

    def enumerate(self) -> Genotypes:
        """The genotype of every string that a graph stands for, in the order of the benchmark; shape (m, 34)."""
        return _all_cells()[0]

    def genotypes_of(self, ids: NDArray[np.integer]) -> Genotypes:
        """The genotype of each numbered string, shape (n, 34).

        Raises:
            NasbenchError: there is no such string, or no graph stands for it (see the class).
        """
        genotypes, known = _all_cells()
        ids = self._check_ids(ids)
        rows = np.searchsorted(known, ids).clip(max=len(known) - 1)
        if (missing := known[rows] != ids).any():
            raise NasbenchError(f"No graph of {self.name} stands for cell {ids[missing][0]}.")
        return genotypes[rows]

    def canonical(self, genotypes: Genotypes, per_network: bool = False) -> Genotypes:
        """The genotype of each one's string, or of the first one with the same network; shape (n, 34)."""
        ids = self.identify(genotypes)
        return self.genotypes_of(_first_of_network()[ids] if per_network else ids)

    def isomorphism_class(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """Which of the 6,466 networks of `nats-tss` each cell's string is, shape (n,)."""
        return _TOPOLOGY.isomorphism_class(self._strings(genotypes))

    def parameters(self, genotypes: Genotypes, classes: int = 10) -> NDArray[np.int64]:
        """Trainable parameters of the published network of each cell's string, shape (n,)."""
        return _TOPOLOGY.parameters(self._strings(genotypes), classes)

    def encode(self, cell: str) -> Genotypes:
        """The genotype of an architecture string, pruned, its operations in the order of the string; shape (34,).

        Raises:
            NasbenchError: no architecture string, or one that does not connect input and output.
        """
        string = _TOPOLOGY.encode(cell)[None]
        if not on_a_path(string != _NONE).any():
            raise NasbenchError(f"No path leads from input to output in {cell!r}, so it is no {self.name} cell.")
        return _graphs(string)[0]

    def decode(self, genotype: Genotypes) -> str:
        """The architecture string of one genotype."""
        return _TOPOLOGY.decode(self._strings(np.asarray(genotype)[None])[0])

    def _compact(self, genotypes: Genotypes) -> tuple[NDArray[np.generic], NDArray[np.int8]]:
        genotypes = self._check_valid(genotypes)
        kept = np.stack(_pruned(genotypes)[1], axis=1) > 0
        adjacency = np.zeros((len(genotypes), VERTICES, VERTICES), np.int8)
        adjacency[:, SOURCES, TARGETS] = genotypes[:, : self.edges] * (kept[:, SOURCES] & kept[:, TARGETS])
        operations = np.full((len(genotypes), VERTICES), -1, np.int8)
        operations[:, 1:-1] = np.where(kept[:, 1:-1], genotypes[:, self.edges :], -1)
        return _reordered(adjacency, operations, np.argsort(~kept, axis=1, kind="stable"))

    def _strings(self, genotypes: Genotypes) -> Genotypes:
        """The genotypes of `nats-tss` that genotypes stand for, shape (n, 6)."""
        genotypes = self._check_valid(genotypes)
        named = _named(genotypes)
        swapped = named[:, _SWAPPED]
        can_swap = named[:, _BETWEEN_MIDDLE_NODES] == _NONE
        comes_first = _TOPOLOGY.identify(swapped) < _TOPOLOGY.identify(named)
        return np.where((can_swap & comes_first)[:, None], swapped, named)


def _pruned(genotypes: Genotypes) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """The graphs without what is on no path from input to output.

    Returns:
        Bits of the successors of each vertex but the output, 7 arrays of shape (n,), and for each vertex whether it is
        kept, 255 or 0, 8 arrays of shape (n,).
    """
    masks = np.packbits(genotypes[:, : len(SOURCES)], axis=1, bitorder="little").view("<u4").ravel()
    after = [(masks >> first << (v + 1)).astype(np.uint8) & _LATER[v] for v, first in enumerate(_FIRST_EDGE)]
    from_input = np.full(len(genotypes), 1, np.uint8)
    for v in range(OUTPUT):
        from_input |= after[v] & _mask(from_input, v)
    to_output = np.full(len(genotypes), 1 << OUTPUT, np.uint8)
    for v in reversed(range(OUTPUT)):
        to_output |= (after[v] & to_output > 0).view(np.uint8) << v
    both = from_input & to_output
    kept = [_mask(both, v) for v in range(VERTICES)]
    return [successors & both & mask for successors, mask in zip(after, kept, strict=False)], kept


def _mask(bits: NDArray[np.uint8], v: int) -> NDArray[np.uint8]:
    """255 where bit `v` is set, else 0."""
    return np.multiply(bits >> v & 1, 255, dtype=np.uint8)


def _heads(successors: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The node where each operation ends, named by the bit of its first vertex; 0 for what is pruned."""
    return [after & -after for after in successors]


def _named(genotypes: Genotypes) -> Genotypes:
    """The genotypes of `nats-tss`, the nodes numbered in the order of their first vertices, the last one 3; (n, 6)."""
    successors, kept = _pruned(genotypes)
    heads = _heads(successors)
    nodes = np.bitwise_or.reduce(heads)
    ends = [np.bitwise_count(nodes & (head - np.uint8(1))) for head in heads]
    ends = [np.where(head == 1 << OUTPUT, nats_tss.NODES - 1, end) for head, end in zip(heads, ends, strict=True)]
    strings = np.full((len(genotypes), len(nats_tss.EDGES)), _NONE, np.int8)
    for v in range(1, OUTPUT):
        start = np.max([end * (after >> v & 1) for end, after in zip(ends[:v], successors[:v], strict=True)], axis=0)
        rows = np.flatnonzero(kept[v])
        strings[rows, _BETWEEN[start[rows], ends[v][rows]]] = _IN_STRING[genotypes[rows, len(SOURCES) + v - 1]]
    return strings


def _graphs(strings: Genotypes) -> Genotypes:
    """The pruned graph of each genotype of `nats-tss`, in the order of its edges, unused vertices behind the others."""
    graphs = _TOPOLOGY.graphs(strings)
    used = graphs.labels != NO_VERTEX
    order = np.hstack([np.argsort(~used[:, :-1], axis=1, kind="stable"), np.full((len(used), 1), OUTPUT)])
    operations = np.pad(np.where(used[:, 1:-1], _FROM_STRING[strings], 0), ((0, 0), (1, 1)))
    return np.hstack(_reordered(graphs.adjacency, operations, order)).astype(np.int8)


def _reordered(
    adjacency: NDArray[Any], operations: NDArray[np.int8], order: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int8]]:
    """Edge bits and operations of the inner vertices when vertex order[i, v] of graph i comes to place v.

    Args:
        adjacency: shape (n, 8, 8).
        operations: of all vertices, shape (n, 8).
        order: shape (n, 8).

    Returns:
        Shapes (n, 28) and (n, 6).
    """
    rows = np.arange(len(order))[:, None]
    return adjacency[rows, order[:, SOURCES], order[:, TARGETS]], operations[rows, order[:, 1:-1]]


@functools.cache
def _all_cells() -> tuple[Genotypes, NDArray[np.int64]]:
    """The genotypes of all strings that a graph stands for, and their numbers, ascending."""
    strings = _TOPOLOGY.enumerate()
    present = strings != _NONE
    ids = np.flatnonzero(present.any(1) & (on_a_path(present) == present).all(1))
    genotypes = _graphs(strings[ids])
    own = NATSTopologyGraph().identify(genotypes) == ids
    genotypes, ids = genotypes[own], ids[own]
    genotypes.setflags(write=False)
    return genotypes, ids


@functools.cache
def _first_of_network() -> NDArray[np.int64]:
    """The first string that a graph stands for with the same network, of each such string; shape (15625,)."""
    ids = _all_cells()[1]
    networks = _TOPOLOGY.identify(_TOPOLOGY.canonical(_TOPOLOGY.genotypes_of(ids), per_network=True))
    _, first, back = np.unique(networks, return_index=True, return_inverse=True)
    table = np.full(NATSTopologyGraph.size, -1)
    table[ids] = ids[first[back]]
    return table
