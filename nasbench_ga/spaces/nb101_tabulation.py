"""Tabulates once what each of the 2^21 adjacencies of NAS-Bench-101 is, so that identity is a few look-ups.

A genotype's edges, pruned, are one of 13,839 *skeletons* (valid pruned edge sets on labelled vertices). Relabelling
the inner vertices turns every skeleton into one of the *shapes*; a shape with its operations, up to the shape's
symmetries, is a cell. There are 423,624 cells, numbered as in the published file: by ascending module hash.

`python -m nasbench_ga.spaces.nb101_tabulation` makes `nb101_tabulation.npz` anew, in about a minute, nearly all of
it hashing; the file in the package was made by it.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.module_hash import INPUT_LABEL, OUTPUT_LABEL, graph_hash

VERTICES = 7
INNER = VERTICES - 2
MAX_EDGES = 9
OPERATIONS = 3
EDGES = tuple(itertools.combinations(range(VERTICES), 2))  # (from, to), row by row
CODES = OPERATIONS**INNER  # operation codes: base-3 numbers, vertex 1 most significant
FILE = Path(__file__).with_name("nb101_tabulation.npz")

DIGITS = np.array(list(itertools.product(range(OPERATIONS), repeat=INNER)))  # (243, 5): operations of each code
WEIGHTS = OPERATIONS ** np.arange(INNER - 1, -1, -1)
_BIT = {edge: np.uint32(1 << (len(EDGES) - 1 - k)) for k, edge in enumerate(EDGES)}  # first edge most significant
_RELABELLINGS = np.array(list(itertools.permutations(range(INNER))))  # (120, 5): the new place of each inner vertex


@dataclass(frozen=True)
class Tabulation:
    """The look-ups behind the identity of nb101.

    Attributes:
        skeleton_of: uint16, shape (2^21,): number of the skeleton that an edge mask prunes to, 0 if it is invalid.
        skeletons: uint32, shape (13,840,): the pruned edge mask of each skeleton; entry 0 stands for "invalid".
        shape_of: uint16, shape (13,840,): the shape of each skeleton, 0 for "invalid".
        relabelling_of: uint8, shape (13,840,): which relabelling turns a skeleton into its shape.
        cells: int32, shape (shapes, 243): the cell of a shape with (relabelled) operations; row 0 is -1.
    """

    skeleton_of: NDArray[np.uint16]
    skeletons: NDArray[np.uint32]
    shape_of: NDArray[np.uint16]
    relabelling_of: NDArray[np.uint8]
    cells: NDArray[np.int32]

    def identify(self, masks: NDArray[np.integer], codes: NDArray[np.integer]) -> NDArray[np.int32]:
        """The cell of each pair of edge mask and operation code, shape (n,); -1 where the mask is invalid."""
        skeletons = self.skeleton_of[masks]
        relabelled = _relabelled_codes()[self.relabelling_of[skeletons], codes]
        return self.cells[self.shape_of[skeletons], relabelled]


@functools.cache
def tabulation() -> Tabulation:
    """The tabulation that comes with the package."""
    with np.load(FILE) as stored:
        return Tabulation(**stored)


@functools.cache
def _relabelled_codes() -> NDArray[np.uint8]:
    """The code that each relabelling makes of each operation code, shape (120, 243)."""
    return (DIGITS[:, None, :] * WEIGHTS[_RELABELLINGS]).sum(-1).T.astype(np.uint8)


def tabulate() -> Tabulation:
    """Builds the tabulation from the definition of the space alone."""
    skeleton_of, skeletons = _prune_all()
    shape_of, relabelling_of, edges = _shapes(skeletons)
    cells = _number_by_hash(_cell_classes(edges), edges)
    return Tabulation(skeleton_of, skeletons, shape_of, relabelling_of, cells)


def _prune_all() -> tuple[NDArray[np.uint16], NDArray[np.uint32]]:
    """Every mask's skeleton, and the skeletons: vertices kept lie on a path from input to output."""
    masks = np.arange(1 << len(EDGES), dtype=np.uint32)
    has = {edge: (masks & bit) != 0 for edge, bit in _BIT.items()}
    from_input = [np.full(len(masks), v == 0) for v in range(VERTICES)]
    to_output = [np.full(len(masks), v == VERTICES - 1) for v in range(VERTICES)]
    for u, v in EDGES:
        from_input[v] |= from_input[u] & has[u, v]
    for u, v in reversed(EDGES):
        to_output[u] |= to_output[v] & has[u, v]
    kept = [forward & backward for forward, backward in zip(from_input, to_output, strict=True)]
    pruned = np.zeros_like(masks)
    for (u, v), bit in _BIT.items():
        pruned[has[u, v] & kept[u] & kept[v]] |= bit
    pruned[np.bitwise_count(pruned) > MAX_EDGES] = 0
    skeletons, skeleton_of = np.unique(pruned, return_inverse=True)
    return skeleton_of.astype(np.uint16), skeletons


def _shapes(skeletons: NDArray[np.uint32]) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]]:
    """Each skeleton's shape, the relabelling that leads to it, and the shapes' edges as (shapes, 7, 7) arrays.

    The shape of a skeleton is the smallest number that its adjacency matrix, read as bits, takes under relabelling.
    """
    adjacency = adjacency_matrices(skeletons)
    place_value = 1 << np.arange(VERTICES * VERTICES, dtype=np.int64).reshape(VERTICES, VERTICES)
    numbers = np.stack(
        [(adjacency * place_value[np.ix_(order, order)]).sum((1, 2)) for order in map(_with_ends, _RELABELLINGS)]
    )
    shapes, shape_of = np.unique(numbers.min(0), return_inverse=True)
    edges = (shapes[:, None, None] & place_value > 0).astype(np.int64)
    return shape_of.astype(np.uint16), numbers.argmin(0).astype(np.uint8), edges


def _with_ends(relabelling: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([0, *(relabelling + 1), VERTICES - 1])


def adjacency_matrices(masks: NDArray[np.integer]) -> NDArray[np.int64]:
    """Adjacency matrices of edge masks, shape (n, 7, 7)."""
    matrices = np.zeros((len(masks), VERTICES, VERTICES), np.int64)
    for (u, v), bit in _BIT.items():
        matrices[:, u, v] = (masks & bit) != 0
    return matrices


def _cell_classes(edges: NDArray[np.int64]) -> NDArray[np.int32]:
    """A number for each shape with operations, shape (shapes, 243), equal exactly for equal cells; row 0 is -1.

    Two codes are the same cell if a symmetry of the shape turns one into the other, operations of pruned vertices
    aside; the smallest code that can be reached stands for all.
    """
    canonical = np.zeros((len(edges), CODES), np.int64)
    for shape, matrix in enumerate(edges[1:], start=1):
        used = matrix[1:-1].any(1)
        symmetries = [
            relabelling
            for relabelling in _RELABELLINGS
            if (matrix[np.ix_(_with_ends(relabelling), _with_ends(relabelling))] == matrix).all()
        ]
        canonical[shape] = ((DIGITS * used)[:, None, :] * WEIGHTS[symmetries]).sum(-1).min(1)
    keys = canonical + CODES * np.arange(len(edges))[:, None]
    classes = np.unique(keys[1:], return_inverse=True)[1].reshape(-1, CODES)
    return np.vstack([np.full((1, CODES), -1), classes]).astype(np.int32)


def _number_by_hash(classes: NDArray[np.int32], edges: NDArray[np.int64]) -> NDArray[np.int32]:
    """Renumbers the classes of cells by ascending module hash."""
    first = np.unique(classes, return_index=True)[1][1:]
    hashes = [_cell_hash(edges[shape], DIGITS[code]) for shape, code in zip(*np.divmod(first, CODES), strict=True)]
    number = np.full(len(first) + 1, -1, np.int32)
    number[np.argsort(hashes)] = np.arange(len(first))
    return number[classes]


def _cell_hash(adjacency: NDArray[np.integer], operations: NDArray[np.integer]) -> str:
    """Module hash of a pruned cell given on seven vertices, the unused ones isolated."""
    used = [0, *(v for v in range(1, VERTICES - 1) if adjacency[v].any()), VERTICES - 1]
    labels = [INPUT_LABEL, *(int(operations[v - 1]) for v in used[1:-1]), OUTPUT_LABEL]
    return graph_hash(adjacency[np.ix_(used, used)].tolist(), labels)


def main() -> None:
    """Writes the tabulation into the package."""
    np.savez_compressed(FILE, **vars(tabulate()))


if __name__ == "__main__":
    main()
