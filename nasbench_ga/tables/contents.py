"""What a reader gives and a table file keeps: columns of published numbers, with where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Column:
    """One number for each cell of a space.

    Args:
        values: float64 or integers, shape (rows,): row i belongs to the cell that the space identifies as i;
            NaN where nothing was published.
        scale: what a stored value is multiplied by when it is looked up (100 turns fractions into per cent).
    """

    values: NDArray[Any]
    scale: float = 1.0


@dataclass(frozen=True)
class TableContents:
    """Everything that one benchmark file (or folder, or API object) says about one space.

    Args:
        space: registered name of the space, whose `identify` gives the row numbers.
        columns: by metric with its seed (`cifar10/test/108@0`, `cifar10/test/200@mean`) or, for what no seed
            changes, without one (`cifar10/parameters`). Accuracies are in per cent, times in seconds.
        provenance: where the numbers came from: at least `source` (file or object) and `reader`.
        notes: what a user of these numbers has to know, one sentence each.
    """

    space: str
    columns: dict[str, Column]
    provenance: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
