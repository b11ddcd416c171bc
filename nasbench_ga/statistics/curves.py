"""Best-so-far curves of several runs on one grid: what each had found after so much cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows
from nasbench_ga.statistics.trajectories import Clock, Trajectory, check_clock, trajectories

GRID_POINTS = 400


@dataclass(frozen=True)
class BestSoFar:
    """The incumbents of several runs on one grid of costs.

    Attributes:
        cost: float64, shape (points,), ascending: evaluations from 1, or seconds from the first number on.
        value: float64, shape (runs, points): the highest fitness known at that cost; NaN before the first number and
            after the end of the run.
        row: int64, shape (runs, points): the row of that evaluation, -1 where there is none.
        clock: the unit of cost.
    """

    cost: NDArray[np.float64]
    value: NDArray[np.float64]
    row: NDArray[np.int64]
    clock: Clock = "evaluations"


def best_so_far(rows: Rows, clock: Clock = "evaluations") -> BestSoFar:
    """The incumbents of every repeat at up to 400 costs, evenly spaced on a logarithmic axis.

    Args:
        rows: evaluations by repeat and step.
        clock: what costs are counted in, as of `trajectories`.

    Raises:
        NasbenchError: there are no rows, or what `trajectories` raises, or no evaluation costs any seconds.
    """
    runs = trajectories(rows, clock)
    grid = _grid(runs)
    return BestSoFar(
        grid, np.stack([run.at(grid) for run in runs]), np.stack([run.row_at(grid) for run in runs]), clock
    )


def _grid(runs: Sequence[Trajectory]) -> NDArray[np.float64]:
    """Whole numbers of evaluations, or seconds from the first number of any run to the longest one's end."""
    clock, until = check_clock(runs), max(run.spent for run in runs)
    if clock == "evaluations":
        return np.unique(np.geomspace(1, until, GRID_POINTS).round())
    if until == 0:
        raise NasbenchError(
            "Expected evaluations that cost some seconds, but all of them cost none: read these runs against "
            "evaluations."
        )
    since = min((float(cost) for run in runs for cost in run.cost if cost > 0), default=until)
    return np.unique(np.geomspace(since, until, GRID_POINTS))
