"""Spaces whose genotypes are graphs with operations on their vertices: edges first, then operations."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.base import Genotypes, Space, distinct, redraw
from nasbench_ga.spaces.graphs import Graphs, triangle_graphs

_MUTATION_TRIES = 1000  # a rate of 1 flips into the same invalid cell for ever


class TriangleSpace(Space):
    """A space of graphs: the bits of an adjacency's upper triangle row by row, then operations of the inner vertices.

    Vertex 0 is the input and the last one the output. A subclass names itself, its `vertices`, `edges` and
    `cardinalities`, and says which edges are valid (`is_valid`), whatever the operations, and what pruning leaves of a
    cell (`_compact`).

    Attributes:
        vertices: of a graph, input and output included.
    """

    vertices: ClassVar[int]
    _rule: ClassVar[str]

    @property
    def inner(self) -> int:
        """Number of vertices with an operation."""
        return self.vertices - 2

    @property
    def operations(self) -> int:
        """Number of different operations."""
        return int(self.cardinalities[-1])

    @abstractmethod
    def _compact(self, genotypes: Genotypes) -> tuple[NDArray[np.generic], NDArray[np.int8]]:
        """Pruned cells with the used vertices moved together at the front, in their order, the output the last of them.

        Returns:
            Edge bits, shape (n, edges), and the operations of the inner vertices, -1 behind the last; shape (n, inner).
        """

    def sample(self, n: int, rng: np.random.Generator) -> Genotypes:
        """Draws genes uniformly, the edges again until they are valid."""
        genotypes = rng.integers(self.cardinalities, size=(n, self.genes), dtype=np.int8)
        return self._until_valid(genotypes, lambda rows: rng.integers(2, size=(len(rows), self.edges), dtype=np.int8))

    def mutate(
        self,
        genotypes: Genotypes,
        rng: np.random.Generator,
        edge_rate: float | None = None,
        operation_rate: float | None = None,
    ) -> Genotypes:
        """Bitwise mutation of Pan & Yao 2021: changes operations, flips edges; edges are redrawn until valid.

        The rates are one over the number of edge bits and of operations if not given. After 1,000 tries without success
        the edges stay as they were.
        """
        parents = self._check_valid(genotypes)
        edges, operations = np.split(parents, [self.edges], axis=1)
        flips = 1 / self.edges if edge_rate is None else edge_rate
        changes = 1 / self.inner if operation_rate is None else operation_rate
        redrawn = redraw(operations, self.cardinalities[self.edges :], changes, rng)
        children = np.hstack([_flip(edges, flips, rng), redrawn])
        return self._until_valid(children, lambda rows: _flip(edges[rows], flips, rng), edges)

    def _until_valid(
        self,
        genotypes: Genotypes,
        draw_edges: Callable[[NDArray[np.int64]], Genotypes],
        fallback: Genotypes | None = None,
    ) -> Genotypes:
        """Draws the edges of invalid genotypes again, or takes them from `fallback` after so many tries."""
        tries = itertools.count() if fallback is None else range(_MUTATION_TRIES)
        invalid = np.flatnonzero(~self.is_valid(genotypes))
        for _ in tries:
            if not len(invalid):
                return genotypes
            genotypes[invalid, : self.edges] = draw_edges(invalid)
            invalid = invalid[~self.is_valid(genotypes[invalid])]
        if fallback is not None:
            genotypes[invalid, : self.edges] = fallback[invalid]
        return genotypes

    def isomorphs(self, genotype: Genotypes) -> Genotypes:
        """Every order of the pruned cell's inner vertices that keeps edges pointing forward; shape (m, genes)."""
        return self.augment(np.asarray(genotype)[None])[0]

    def augment(self, genotypes: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """Every order of each pruned cell's inner vertices that keeps edges pointing forward (see `Space.augment`)."""
        edges, operations = self._compact(genotypes)
        owners, orders = _forward_orders(_earlier(edges, operations))
        reordered = operations[owners[:, None], orders]
        output = (operations >= 0).sum(1)[owners, None] + 1
        order = np.hstack([np.zeros_like(output), orders + 1 + (reordered < 0), output])
        sources, targets = np.triu_indices(self.vertices, 1)
        adjacency = triangle_graphs(edges, operations, self.operations).adjacency
        encodings = np.hstack([adjacency[owners[:, None], order[:, sources], order[:, targets]], reordered.clip(0)])
        rows = distinct(owners, encodings)
        return encodings[rows].astype(np.int8), owners[rows]

    def features(self, genotypes: Genotypes) -> NDArray[np.float32]:
        """Pan & Yao's bits of the pruned cell, shape (n, inner * operations + edges): one-hot operations, then edges.

        The pruned cell's vertices are moved together at the front, so a smaller cell's output is not the last vertex.
        """
        edges, operations = self._compact(genotypes)
        one_hot = np.eye(self.operations + 1, self.operations, dtype=np.float32)[operations]  # all zero for -1
        return np.hstack([one_hot.reshape(len(edges), self.inner * self.operations), edges], dtype=np.float32)

    def graphs(self, genotypes: Genotypes) -> Graphs:
        """The pruned cells, their vertices moved together at the front, the output the last of them."""
        return triangle_graphs(*self._compact(genotypes), self.operations)

    def _check_valid(self, genotypes: Genotypes) -> Genotypes:
        genotypes = self.check(genotypes)
        if not (valid := self.is_valid(genotypes)).all():
            raise self._invalid(genotypes, int(np.argmin(valid)))
        return genotypes

    def _invalid(self, genotypes: Genotypes, row: int) -> NasbenchError:
        edges = "".join(map(str, genotypes[row, : self.edges]))
        return NasbenchError(
            f"Genotype {row} with edges {edges} is no {self.name} cell: {self._rule}. Ask is_valid first."
        )


def triangle_cardinalities(vertices: int, operations: int) -> Genotypes:
    """Cardinalities of edge bits and operations."""
    return np.array([2] * (vertices * (vertices - 1) // 2) + [operations] * (vertices - 2), np.int8)


def _flip(edges: Genotypes, rate: float, rng: np.random.Generator) -> Genotypes:
    return edges ^ (rng.random(edges.shape) < rate)


def _earlier(edges: NDArray[np.generic], operations: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Bits of the inner vertices that have to come before each; unused ones come last, in their order.

    Args:
        edges: of compact cells, shape (n, edges).
        operations: of their inner vertices, shape (n, inner).

    Returns:
        Shape (n, inner).
    """
    inner = operations.shape[1]
    sources, targets = np.triu_indices(inner + 2, 1)
    weights = np.zeros((len(sources), inner), np.float32)
    between = np.flatnonzero((sources > 0) & (targets <= inner))
    weights[between, targets[between] - 1] = 1 << (sources[between] - 1)
    earlier = (edges.astype(np.float32) @ weights).astype(np.uint8)
    return np.where(operations < 0, (1 << np.arange(inner)) - 1, earlier).astype(np.uint8)


def _forward_orders(earlier: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every order of each graph's inner vertices in which none comes before those of its `earlier`.

    Args:
        earlier: bits of inner vertices, shape (n, inner).

    Returns:
        Which graph each order is of, ascending, shape (m,), and the orders, shape (m, inner).
    """
    n, inner = earlier.shape
    bits = (1 << np.arange(inner)).astype(np.uint8)
    owners, placed, orders = np.arange(n), np.zeros(n, np.uint8), np.empty((n, 0), np.int64)
    for _ in range(inner):
        missing = ~placed[:, None]
        rows, vertices = np.nonzero((missing & bits).astype(bool) & ((earlier[owners] & missing) == 0))
        owners, placed = owners[rows], placed[rows] | bits[vertices]
        orders = np.hstack([orders[rows], vertices[:, None]])
    return owners, orders
