"""Evaluations as columns: what a study gives and a record keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

PREDICTED = "predicted"
"""The extra column of what a search expected of an evaluation."""


@dataclass(frozen=True)
class Rows:
    """Evaluations in the order in which they happened, one a row.

    Attributes:
        repeat: int32, shape (n,).
        step: int32, shape (n,): number of the evaluation within its repeat, from 0.
        generation: int32, shape (n,): number of the `ask` that it came from, from 0.
        id: int64, shape (n,): the cell, as the space identifies it.
        genotype: int8, shape (n, genes).
        value: float64, shape (n,): the fitness.
        seconds: float64, shape (n,): what the evaluation cost.
        extras: further numbers of the fitness, each float64, shape (n,).
    """

    repeat: NDArray[np.int32]
    step: NDArray[np.int32]
    generation: NDArray[np.int32]
    id: NDArray[np.int64]
    genotype: NDArray[np.int8]
    value: NDArray[np.float64]
    seconds: NDArray[np.float64]
    extras: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def concatenate(cls, parts: Sequence[Rows], genes: int, ordered: bool = False) -> Rows:
        """Joins parts, as they come or ordered by repeat and step; without any part, no rows of so many genes."""
        if not parts:
            empty = np.empty(0)
            none = empty.astype(np.int32)
            return cls(none, none, none, empty.astype(np.int64), np.empty((0, genes), np.int8), empty, empty)
        order: Any = slice(None)
        if ordered:
            order = np.lexsort([np.concatenate([getattr(part, key) for part in parts]) for key in ("step", "repeat")])
        names = [column.name for column in fields(cls) if column.name != "extras"]
        columns = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
        extras = {
            key: np.concatenate([part.extras.get(key, np.full(len(part), np.nan)) for part in parts])[order]
            for key in dict.fromkeys(key for part in parts for key in part.extras)
        }
        return cls(**columns, extras=extras)

    def by_repeat(self) -> list[Rows]:
        """The rows of each repeat, of rows that lie by repeat."""
        starts = np.flatnonzero(np.diff(self.repeat, prepend=-1))
        return [self.take(own) for own in np.split(np.arange(len(self)), starts[1:])]

    def take(self, rows: NDArray[np.int64]) -> Rows:
        """The chosen rows."""
        columns = {name: values[rows] for name, values in vars(self).items() if name != "extras"}
        return Rows(**columns, extras={key: values[rows] for key, values in self.extras.items()})

    def without(self, extra: str) -> Rows:
        """The same rows but for one extra column."""
        return replace(self, extras={key: values for key, values in self.extras.items() if key != extra})
