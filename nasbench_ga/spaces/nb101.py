"""NAS-Bench-101: cells of up to 7 vertices and 9 edges with three operations (Ying et al. 2019, section 2)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import nb101_parameters
from nasbench_ga.spaces.base import Genotypes, register_space
from nasbench_ga.spaces.module_hash import INPUT_LABEL, OUTPUT_LABEL, graph_hash
from nasbench_ga.spaces.nb101_tabulation import (
    CODES,
    DIGITS,
    EDGES,
    INNER,
    MAX_EDGES,
    OPERATIONS,
    VERTICES,
    adjacency_matrices,
    tabulation,
)
from nasbench_ga.spaces.triangle_space import TriangleSpace, triangle_cardinalities

OPERATION_NAMES = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
INPUT, OUTPUT = "input", "output"

_PACKING = np.zeros((len(EDGES) + INNER, 2), np.float32)  # genotype @ _PACKING = edge mask, operation code
_PACKING[: len(EDGES), 0] = 2.0 ** np.arange(len(EDGES) - 1, -1, -1)
_PACKING[len(EDGES) :, 1] = OPERATIONS ** np.arange(INNER - 1, -1, -1)
_PADDED_DIGITS = np.hstack([DIGITS, np.full((CODES, 1), -1)]).astype(np.int8)


class NB101Cell(NamedTuple):
    """A cell as the official API takes it: `ModelSpec(cell.matrix, cell.operations)`."""

    matrix: list[list[int]]
    operations: list[str]

    @property
    def module_hash(self) -> str:
        """The official MD5 of this cell, 32 hexadecimal digits; isomorphic cells have the same."""
        return NB101().module_hash(self)

    def __str__(self) -> str:
        return f"module hash {self.module_hash}, matrix {self.matrix}, operations {self.operations}"


@register_space("nb101")
class NB101(TriangleSpace):
    """The 423,624 cells of NAS-Bench-101.

    A genotype has 26 genes: the 21 bits of the adjacency's upper triangle row by row, then the operations (indices
    into `OPERATION_NAMES`) of vertices 1 to 5; vertex 0 is the input, 6 the output. It is valid if, pruned to the
    vertices on a path from input to output, it has such a path and no more than 9 edges, as the official API has it.
    Cells are numbered by ascending module hash, the order of the official file.
    """

    name = benchmark = "nb101"
    _rule = f"pruned to the vertices between input and output, a cell has at least one edge and at most {MAX_EDGES}"
    vertices = VERTICES
    cardinalities = triangle_cardinalities(VERTICES, OPERATIONS)
    edges = len(EDGES)
    size = 423_624

    def is_valid(self, genotypes: Genotypes) -> NDArray[np.bool_]:
        """Tells which genotypes, pruned, connect input to output with at most 9 edges; shape (n,)."""
        masks, _ = _pack(self.check(genotypes))
        return tabulation().skeleton_of[masks] > 0

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The rank of each cell's module hash among all cells, which is its row in the official file; shape (n,)."""
        genotypes = self.check(genotypes)
        cells = tabulation().identify(*_pack(genotypes))
        if (cells < 0).any():
            raise self._invalid(genotypes, int(np.argmax(cells < 0)))
        return cells.astype(np.int64)

    def enumerate(self) -> Genotypes:
        """The published encoding of every cell, by ascending module hash; shape (423624, 26)."""
        return _all_cells()

    def _compact(self, genotypes: Genotypes) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
        self.identify(genotypes)
        masks, codes = _pack(self.check(genotypes))
        skeletons = tabulation().skeleton_of[masks]
        edges, source = _compact_edges()
        return edges[skeletons], _PADDED_DIGITS[codes[:, None], source[skeletons]]

    def parameters(self, genotypes: Genotypes, classes: int = 10) -> NDArray[np.int64]:
        """Trainable parameters with stem 128, three stacks of three cells (Ying et al. 2019, section 2.3).

        Where channels do not divide evenly they depend on the order of vertices; it is the published encoding's.
        """
        masks, codes = _pack(_all_cells()[self.identify(genotypes)])
        skeletons = tabulation().skeletons[tabulation().skeleton_of[masks]]
        return nb101_parameters.count(adjacency_matrices(skeletons), DIGITS[codes], classes)

    def encode(self, cell: NB101Cell | tuple[Sequence[Sequence[int]], Sequence[str]]) -> Genotypes:
        """The genotype of (matrix, operations); smaller cells are put on seven vertices, the output last.

        Raises:
            NasbenchError: more than 7 vertices, a matrix that is not square, 0/1 and upper triangular, an unknown
                operation, no path from input to output, or more than 9 edges after pruning.
        """
        matrix, names = _checked_cell(cell)
        genotype = _embed(matrix, [OPERATION_NAMES.index(name) for name in names[1:-1]])
        self.identify(genotype[None])
        return genotype

    def decode(self, genotype: Genotypes) -> NB101Cell:
        """The pruned cell as (matrix, operations) of the official API."""
        matrix, operations = self._pruned(genotype)
        return NB101Cell(matrix.tolist(), [INPUT, *(OPERATION_NAMES[o] for o in operations), OUTPUT])

    def module_hash(self, cell: NB101Cell | tuple[Sequence[Sequence[int]], Sequence[str]]) -> str:
        """The official MD5 of a cell, 32 hexadecimal digits.

        Raises:
            NasbenchError: not a cell of this space (see `encode`).
        """
        matrix, operations = self._pruned(self.encode(cell))
        return graph_hash(matrix.tolist(), [INPUT_LABEL, *operations, OUTPUT_LABEL])

    def _pruned(self, genotype: Genotypes) -> tuple[NDArray[np.int64], list[int]]:
        row = np.asarray(genotype)[None]
        self.identify(row)
        masks, codes = _pack(self.check(row))
        matrix = adjacency_matrices(tabulation().skeletons[tabulation().skeleton_of[masks]])[0]
        used = np.array([0, *(v for v in range(1, VERTICES - 1) if matrix[v].any()), VERTICES - 1])
        return matrix[np.ix_(used, used)], [int(DIGITS[codes[0], v - 1]) for v in used[1:-1]]


@register_space("nb101-raw9")
class NB101Raw9(NB101):
    """NAS-Bench-101 as Dervisi's study searched it: the 21 edge bits, before pruning, have at most 9 ones.

    The same cells under fewer genotypes: sampling and variation draw sparser cells than in `nb101`.
    """

    name = "nb101-raw9"
    _rule = f"a cell connects input to output and has at most {MAX_EDGES} edges, unused ones included"

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The cell's number in `nb101`, shape (n,)."""
        return super().identify(self._check_valid(genotypes))

    def is_valid(self, genotypes: Genotypes) -> NDArray[np.bool_]:
        """Tells which genotypes connect input to output and have at most 9 edges, unused ones included; shape (n,)."""
        genotypes = self.check(genotypes)
        return super().is_valid(genotypes) & (genotypes[:, : len(EDGES)].sum(1) <= MAX_EDGES)

    def encode(self, cell: NB101Cell | tuple[Sequence[Sequence[int]], Sequence[str]]) -> Genotypes:
        """The genotype of (matrix, operations), pruned (see `NB101.encode`)."""
        return super().encode(NB101().decode(NB101().encode(cell)))


def module_hash(cell: NB101Cell | tuple[Sequence[Sequence[int]], Sequence[str]]) -> str:
    """The official NAS-Bench-101 hash of (matrix, operations), 32 hexadecimal digits (see `NB101.module_hash`)."""
    return NB101().module_hash(cell)


def _pack(genotypes: Genotypes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Edge masks and operation codes of checked genotypes, each shape (n,)."""
    packed = (genotypes.astype(np.float32) @ _PACKING).astype(np.int32)
    return packed[:, 0], packed[:, 1]


def _embed(matrix: NDArray[np.integer], operations: Sequence[int]) -> Genotypes:
    """The genotype of a cell whose output is the last row of `matrix`, its inner vertices kept in front."""
    places = [*range(len(matrix) - 1), VERTICES - 1]
    adjacency = np.zeros((VERTICES, VERTICES), np.int8)
    adjacency[np.ix_(places, places)] = matrix
    genotype = np.zeros(len(EDGES) + INNER, np.int8)
    genotype[: len(EDGES)] = [adjacency[edge] for edge in EDGES]
    genotype[len(EDGES) : len(EDGES) + len(operations)] = operations
    return genotype


@functools.cache
def _compact_edges() -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """For each skeleton: its 21 edge bits with the used vertices moved to the front, and where these come from.

    Returns:
        float32, shape (13840, 21), and int8, shape (13840, 5): the inner vertex that comes to each place, counted
        from 0, and 5 behind the last.
    """
    matrices = adjacency_matrices(tabulation().skeletons)
    used: NDArray[np.bool_] = np.logical_or(matrices.any(2), matrices.any(1))
    moved = np.zeros_like(matrices)
    target = used.cumsum(1) - 1
    rows, u, v = np.nonzero(matrices)
    moved[rows, target[rows, u], target[rows, v]] = 1
    edges = np.stack([moved[:, u, v] for u, v in EDGES], axis=1)
    inner = np.where(used[:, 1:-1], np.arange(INNER), INNER)
    return edges.astype(np.float32), np.sort(inner, axis=1).astype(np.int8)


@functools.cache
def _all_cells() -> Genotypes:
    """The published encoding of every cell: the first that the authors' generator met.

    It took the number of vertices, then the adjacency (as a number, column by column), then the operations in
    ascending order (`generate_graph.py` of the official repository).
    """
    matrices = adjacency_matrices(tabulation().skeletons)
    edges, source = _compact_edges()
    used = source < INNER
    in_front = np.flatnonzero((~used | (source == np.arange(INNER))).all(1))[1:]
    inner = used[in_front].sum(1)
    moved = edges[in_front].astype(np.int64)
    by_column = moved @ np.array([1 << (u + v * (v - 1) // 2) for u, v in EDGES])
    skeletons = in_front[np.lexsort((by_column, inner))]
    cells = tabulation().identify(
        np.repeat(tabulation().skeletons[skeletons], CODES), np.tile(np.arange(CODES), len(skeletons))
    )
    first_skeleton, codes = np.divmod(np.unique(cells, return_index=True)[1], CODES)
    chosen = skeletons[first_skeleton]
    edges = np.stack([matrices[chosen, u, v] for u, v in EDGES], axis=1)
    genotypes = np.hstack([edges, DIGITS[codes] * used[chosen]]).astype(np.int8)
    genotypes.setflags(write=False)
    return genotypes


def _checked_cell(cell: Any) -> tuple[NDArray[Any], list[str]]:
    try:
        matrix, names = np.array(cell[0], float), list(cell[1])
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise NasbenchError(
            f"A nb101 cell is a pair of a square 0/1 matrix and operation names, not {cell!r}."
        ) from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 2 <= len(matrix) <= VERTICES:
        raise NasbenchError(
            f"A nb101 cell's matrix is square with 2 to {VERTICES} vertices, input and output included; "
            f"got shape {matrix.shape}."
        )
    if len(names) != len(matrix) or names[0] != INPUT or names[-1] != OUTPUT:
        raise NasbenchError(
            f"A nb101 cell of {len(matrix)} vertices has as many operations, the first 'input' and the last 'output'; "
            f"got {names}."
        )
    if unknown := [name for name in names[1:-1] if name not in OPERATION_NAMES]:
        raise NasbenchError(f"Unknown nb101 operation {unknown[0]!r}. Choose from: {', '.join(OPERATION_NAMES)}.")
    if not np.isin(matrix, (0, 1)).all() or np.tril(matrix).any():
        raise NasbenchError("A nb101 cell's matrix has only 0 and 1, and none but 0 on and below its diagonal.")
    return matrix, names
