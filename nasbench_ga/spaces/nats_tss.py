"""NATS-Bench topology space, which is NAS-Bench-201's: four nodes, six edges, five operations (Dong et al. 2021)."""

from __future__ import annotations

import functools
import itertools
import random
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.base import CategoricalSpace, Genotypes, distinct, register_space
from nasbench_ga.spaces.graphs import FIRST_OPERATION, INPUT_VERTEX, NO_VERTEX, OUTPUT_VERTEX, Graphs

OPERATION_NAMES = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = (
    (0, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 3),
)  # (from, to), in the order of the architecture string
NODES = 4
STAGE_CHANNELS = (16, 32, 64)
CELLS_PER_STAGE = 5
_NONE, _SKIP = 0, 1
_CONVOLUTIONS = (2, 3)
_KERNEL_AREA = np.array([0, 0, 1, 9, 0])
_PUBLISHED_SHUFFLE_SEED = 88  # of the authors' script that numbered the architectures
_ARCHITECTURE = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")


@register_space("nats-tss")
class NATSTopology(CategoricalSpace):
    """The 15,625 architecture strings of NATS-Bench's topology space.

    A genotype has 6 genes, indices into `OPERATION_NAMES` in the order of the architecture string. Every string was
    trained by itself, so a cell's number is its string's index in the benchmark; `isomorphism_class` says which
    strings are one network.
    """

    name = benchmark = "nats-tss"
    cardinalities = np.full(len(EDGES), len(OPERATION_NAMES), np.int8)

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The index of each architecture string in NATS-Bench and NAS-Bench-201, shape (n,)."""
        return _published_index()[super().identify(genotypes)]

    def enumerate(self) -> Genotypes:
        """The genotype of every published index, shape (15625, 6)."""
        return _all_cells()

    def canonical(self, genotypes: Genotypes, per_network: bool = False) -> Genotypes:
        """The genotypes themselves, or the first string of each one's network; shape (n, 6).

        The official rule behind `isomorphism_class` writes shared nodes out, so that one convolution used twice and
        two convolutions count as the same, and it keeps apart some strings that compute the same. Networks are told
        apart here by what an untrained one computes.
        """
        if not per_network:
            return self.check(genotypes)
        return _all_cells()[_first_of_network()[self.identify(genotypes)]]

    def isomorphism_class(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """Which of the 6,466 networks each string is, numbered in the order of their first string; shape (n,)."""
        return _classes()[self.identify(genotypes)]

    def isomorphs(self, genotype: Genotypes) -> Genotypes:
        """Every string of the same network, in the order of the benchmark; shape (m, 6)."""
        own = self.isomorphism_class(np.asarray(genotype)[None])
        return _all_cells()[_classes() == own]

    def augment(self, genotypes: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """Strings of the same network that pruning leaves different, in the order of the benchmark."""
        rows, starts = _distinct_members()
        classes = self.isomorphism_class(genotypes)
        counts = starts[classes + 1] - starts[classes]
        owners = np.repeat(np.arange(len(classes)), counts)
        within = np.arange(len(owners)) - np.repeat(counts.cumsum() - counts, counts)
        return _all_cells()[rows[starts[classes[owners]] + within]], owners

    def features(self, genotypes: Genotypes) -> NDArray[np.float32]:
        """Pan & Yao's 24 bits, shape (n, 24): one-hot of each edge's operation other than none.

        Edges that are none or on no path from input to output are all zero.
        """
        genotypes = self.check(genotypes)
        one_hot = np.eye(len(OPERATION_NAMES), dtype=np.float32)[genotypes, 1:]
        one_hot[~on_a_path(genotypes != _NONE)] = 0
        return one_hot.reshape(len(genotypes), len(EDGES) * (len(OPERATION_NAMES) - 1))

    def graphs(self, genotypes: Genotypes) -> Graphs:
        """Operations as vertices: the input, the 6 edges in the order of the string, the output.

        An edge from node a to b is followed by those from b. Edges that are none or on no path are no vertices; skip
        connections are.
        """
        return _all_graphs().take(self.identify(genotypes))

    def parameters(self, genotypes: Genotypes, classes: int = 10) -> NDArray[np.int64]:
        """Trainable parameters with stages of 16, 32 and 64 channels, five cells each (Dong et al. 2021, section 3)."""
        areas = _KERNEL_AREA[self.check(genotypes)]
        total = np.full(len(areas), _skeleton_parameters(classes), np.int64)
        for channels in STAGE_CHANNELS:
            total += CELLS_PER_STAGE * (areas * channels**2 + 2 * channels * (areas > 0)).sum(1)
        return total

    def encode(self, cell: str) -> Genotypes:
        """The genotype of an architecture string such as ``|nor_conv_3x3~0|+|none~0|...|``, shape (6,).

        Raises:
            NasbenchError: not of that form, or an unknown operation.
        """
        parts = _ARCHITECTURE.fullmatch(str(cell))
        if parts is None:
            raise NasbenchError(f"Expected an architecture string |op~0|+|op~0|op~1|+|op~0|op~1|op~2|, got {cell!r}.")
        if unknown := [name for name in parts.groups() if name not in OPERATION_NAMES]:
            raise NasbenchError(
                f"Unknown nats-tss operation {unknown[0]!r}. Choose from: {', '.join(OPERATION_NAMES)}."
            )
        return np.array([OPERATION_NAMES.index(name) for name in parts.groups()], np.int8)

    def decode(self, genotype: Genotypes) -> str:
        """The architecture string of one genotype."""
        a, b, c, d, e, f = (OPERATION_NAMES[gene] for gene in self.check(np.asarray(genotype)[None])[0])
        return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"


def on_a_path(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which edges, of those present, lie on a path from input to output; shape (n, 6), as `present`."""
    from_input = np.zeros((len(present), NODES), bool)
    to_output = np.zeros((len(present), NODES), bool)
    from_input[:, 0] = to_output[:, -1] = True
    for edge in sorted(range(len(EDGES)), key=lambda e: EDGES[e][1]):
        source, target = EDGES[edge]
        from_input[:, target] |= present[:, edge] & from_input[:, source]
    for edge in sorted(range(len(EDGES)), key=lambda e: -EDGES[e][0]):
        source, target = EDGES[edge]
        to_output[:, source] |= present[:, edge] & to_output[:, target]
    sources, targets = np.array(EDGES).T
    return present & from_input[:, sources] & to_output[:, targets]


def _skeleton_parameters(classes: int) -> int:
    """Everything outside the cells: stem, two residual reduction blocks, last batch norm, classifier."""
    first, *_, last = STAGE_CHANNELS
    stem = 9 * 3 * first + 2 * first
    reductions = sum(
        reduction_parameters(wide_in, wide_out) for wide_in, wide_out in itertools.pairwise(STAGE_CHANNELS)
    )
    return stem + reductions + 2 * last + last * classes + classes


def reduction_parameters(wide_in: Any, wide_out: Any) -> Any:
    """Parameters of a residual block of stride 2: two 3x3 convolutions, and a 1x1 one on the way around them."""
    return 9 * wide_in * wide_out + 9 * wide_out**2 + 4 * wide_out + wide_in * wide_out


@functools.cache
def _published_order() -> NDArray[np.int64]:
    """The genotypes, as digits, in the published order: listed edge by edge, then shuffled."""
    order = list(range(NATSTopology.size))
    random.Random(_PUBLISHED_SHUFFLE_SEED).shuffle(order)  # noqa: S311
    return np.array(order)


@functools.cache
def _published_index() -> NDArray[np.int64]:
    return np.argsort(_published_order())


@functools.cache
def _all_cells() -> Genotypes:
    genotypes = super(NATSTopology, NATSTopology()).enumerate()[_published_order()]
    genotypes.setflags(write=False)
    return genotypes


@functools.cache
def _all_graphs() -> Graphs:
    """The graph of every published index."""
    used = on_a_path(_all_cells() != _NONE)
    labels = np.full((len(used), len(EDGES) + 2), NO_VERTEX, np.int16)
    labels[:, 0], labels[:, -1] = INPUT_VERTEX, OUTPUT_VERTEX
    labels[:, 1:-1] = np.where(used, _all_cells() - 1 + FIRST_OPERATION, NO_VERTEX)
    starts, ends = np.array([(-1, 0), *EDGES, (NODES - 1, NODES)]).T
    present = labels != NO_VERTEX
    adjacency = (ends[:, None] == starts) & present[:, :, None] & present[:, None, :]
    return Graphs(labels, adjacency, len(OPERATION_NAMES) - 1 + FIRST_OPERATION)


@functools.cache
def _classes() -> NDArray[np.int64]:
    """The class of each published index: the order in which its network first appears."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(_network(tuple(cell)), len(numbers)) for cell in _all_cells().tolist()])


@functools.cache
def _distinct_members() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Published indices of different features in each class, class by class, and where each class starts."""
    rows = distinct(_classes(), NATSTopology().features(_all_cells()))
    rows = rows[np.lexsort((rows, _classes()[rows]))]
    return rows, np.cumsum([0, *np.bincount(_classes()[rows])])


@functools.cache
def _first_of_network() -> NDArray[np.int64]:
    """The first published index with the same network, of each published index."""
    pruned = np.where(on_a_path(_all_cells() != _NONE), _all_cells(), _NONE)
    unique, inverse = np.unique(pruned, axis=0, return_inverse=True)
    numbers: dict[Any, int] = {}
    networks = np.array([numbers.setdefault(_computed(tuple(cell)), len(numbers)) for cell in unique.tolist()])
    _, first, back = np.unique(networks[inverse.ravel()], return_index=True, return_inverse=True)
    return first[back]


def _computed(operations: tuple[int, ...]) -> Any:
    """What a pruned cell computes: the same for cells that differ in the names of their nodes and convolutions only.

    A node is the sorted terms of its sum: the input, poolings of terms, and convolutions, which are numbered because
    each has weights of its own. Of all numberings that put 1x1 before 3x3, the one with the least description counts.
    """
    convolutions = [[e for e, op in enumerate(operations) if op == kind] for kind in _CONVOLUTIONS]
    orders = itertools.product(*map(itertools.permutations, convolutions))
    return min(_described(operations, dict(zip(itertools.chain(*order), itertools.count()))) for order in orders)


def _described(operations: tuple[int, ...], number: dict[int, int]) -> Any:
    nodes: list[Any] = [(("input",),), (), (), ()]
    sources = {}
    for edge, (operation, (source, target)) in enumerate(zip(operations, EDGES, strict=True)):
        if operation == _NONE:
            continue
        if operation == _SKIP:
            terms = nodes[source]
        elif operation in _CONVOLUTIONS:
            terms = (("convolution", number[edge]),)
            sources[number[edge]] = (operation, nodes[source])
        else:
            terms = (("pooling", nodes[source]),)
        nodes[target] = tuple(sorted((*nodes[target], *terms)))
    return nodes[-1], tuple(sorted(sources.items()))


def _network(operations: tuple[int, ...]) -> str:
    """An expression of the output node, equal for strings that the official API counts as one network.

    A skip is its source, none and whatever is applied to nothing is nothing ("#"), a sum is sorted (the API's
    `to_unique_str` with zeros considered; a node fed by several nothings is not itself reduced to nothing there).
    """
    nodes = ["0", "", "", ""]
    for target in (1, 2, 3):
        terms = []
        for operation, (source, into) in zip(operations, EDGES, strict=True):
            if into != target:
                continue
            if operation == _NONE or nodes[source] == "#":
                terms.append("#")
            elif operation == _SKIP:
                terms.append(nodes[source])
            else:
                terms.append(f"({nodes[source]})@{OPERATION_NAMES[operation]}")
        nodes[target] = "+".join(sorted(terms))
    return nodes[-1]
