"""Best-so-far curves: what each run had found after so many evaluations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.rows import Rows

GRID_POINTS = 400


@dataclass(frozen=True)
class BestSoFar:
    """The incumbents of several runs on one grid of evaluations.

    Attributes:
        evaluations: int64, shape (points,), ascending, from 1.
        value: float64, shape (runs, points): the highest fitness among so many evaluations; NaN before the first
            number and after the run's last evaluation.
        row: int64, shape (runs, points): the row of that evaluation, -1 where there is none.
    """

    evaluations: NDArray[np.int64]
    value: NDArray[np.float64]
    row: NDArray[np.int64]


def best_so_far(rows: Rows) -> BestSoFar:
    """The incumbents of every repeat at up to 400 numbers of evaluations, evenly spaced on a logarithmic axis.

    Args:
        rows: evaluations by repeat and step.
    """
    starts = np.flatnonzero(np.diff(rows.repeat, prepend=-1))
    lengths = np.diff(starts, append=len(rows))
    longest = int(lengths.max())
    grid = np.unique(np.geomspace(1, longest, GRID_POINTS).round().astype(np.int64))
    value = np.full((len(starts), len(grid)), np.nan)
    row = np.full((len(starts), len(grid)), -1)
    for run, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        fitness = np.where(np.isnan(rows.value[start : start + length]), -np.inf, rows.value[start : start + length])
        highest = np.maximum.accumulate(fitness)
        improves = np.concatenate([[True], highest[1:] > highest[:-1]])
        incumbent = np.maximum.accumulate(np.where(improves, np.arange(length), 0))
        at = grid[grid <= length] - 1
        found = np.isfinite(highest[at])
        value[run, : len(at)] = np.where(found, highest[at], np.nan)
        row[run, : len(at)] = np.where(found, start + incumbent[at], -1)
    return BestSoFar(grid, value, row)
