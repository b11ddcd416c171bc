"""Cells as labelled directed acyclic graphs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INPUT_VERTEX, OUTPUT_VERTEX, FIRST_OPERATION = 0, 1, 2
NO_VERTEX = -1


@dataclass(frozen=True)
class Graphs:
    """Cells as directed acyclic graphs, one a row, for graph networks; vertices come in topological order.

    Attributes:
        labels: int16, shape (n, vertices): 0 is the input, 1 the output, 2 and above the operations; -1 where the cell
            has no such vertex.
        adjacency: bool, shape (n, vertices, vertices): [i, u, v] is an edge from u to v.
        kinds: number of different labels.
    """

    labels: NDArray[np.int16]
    adjacency: NDArray[np.bool_]
    kinds: int

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.integer] | slice) -> Graphs:
        """The graphs of some rows."""
        return Graphs(self.labels[rows], self.adjacency[rows], self.kinds)


def triangle_graphs(edges: NDArray[np.generic], operations: NDArray[np.int8], kinds: int) -> Graphs:
    """Graphs whose used vertices are in front: the input, the inner ones, the output.

    Args:
        edges: the upper triangle of each adjacency, row by row, zero or not; shape (n, vertices * (vertices - 1) / 2).
        operations: of the inner vertices, -1 behind the last; shape (n, vertices - 2).
        kinds: number of operations.
    """
    n, inner = operations.shape
    vertices = inner + 2
    adjacency = np.zeros((n, vertices, vertices), bool)
    adjacency[:, *np.triu_indices(vertices, 1)] = edges
    labels = np.full((n, vertices), NO_VERTEX, np.int16)
    labels[:, 0] = INPUT_VERTEX
    labels[:, 1:-1] = np.where(operations < 0, NO_VERTEX, operations + FIRST_OPERATION)
    labels[np.arange(n), (operations >= 0).sum(1) + 1] = OUTPUT_VERTEX
    return Graphs(labels, adjacency, kinds + FIRST_OPERATION)
