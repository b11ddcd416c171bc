"""When each run found what: its best-so-far curve, exactly, against evaluations or seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows

Clock: TypeAlias = Literal["evaluations", "seconds"]


@dataclass(frozen=True)
class Trajectory:
    """The best-so-far curve of one run, as its steps.

    Attributes:
        cost: float64, shape (m,), ascending: what had been spent when a new best was known.
        value: float64, shape (m,), ascending: that best; of `valued_by`, another number of the same cells.
        row: int64, shape (m,): which of the rows that it was read from each is, from 0.
        spent: what the whole run cost.
        clock: the unit of cost.
        ascending: whether the value only rises, as what a run maximises does.
    """

    cost: NDArray[np.float64]
    value: NDArray[np.float64]
    row: NDArray[np.int64]
    spent: float
    clock: Clock = "evaluations"
    ascending: bool = True

    def __post_init__(self) -> None:
        alike = len(self.cost) == len(self.value) == len(self.row)
        rising = np.all(np.diff(self.cost) > 0) and (not self.ascending or np.all(np.diff(self.value) > 0))
        if not (alike and rising and np.isfinite([*self.cost, *self.value, self.spent]).all()):
            raise NasbenchError(
                f"Expected a best-so-far curve with finite, rising costs and values, got costs {self.cost}, values "
                f"{self.value} and rows {self.row}: give the improvements only, in the order in which they were found."
            )
        if len(self.cost) and self.spent < self.cost[-1]:
            raise NasbenchError(
                f"Expected a run that cost at least what it took to find its best ({self.cost[-1]:g} {self.clock}), "
                f"got {self.spent:g}."
            )

    @property
    def first_cost(self) -> float:
        """When the first number was known; infinity if the run has none."""
        return float(self.cost[0]) if len(self.cost) else float("inf")

    def at(self, costs: ArrayLike) -> NDArray[np.float64]:
        """The best known at each cost, of the same shape; NaN before the first number and after the run."""
        return np.concatenate([[np.nan], self.value])[self._steps(costs)]

    def row_at(self, costs: ArrayLike) -> NDArray[np.int64]:
        """The row of the best known at each cost, of the same shape; -1 before the first number and after the run."""
        return np.concatenate([[-1], self.row])[self._steps(costs)]

    def cost_of(self, target: float) -> float:
        """What it took to reach at least the target; infinity if the run did not."""
        reached = np.flatnonzero(self.value >= target)
        return float(self.cost[reached[0]]) if len(reached) else float("inf")

    def valued_by(self, numbers: NDArray[np.float64]) -> Trajectory:
        """What the best cells known are worth by another number, which may also fall when a new best is found.

        Args:
            numbers: of the rows that this was read from.

        Raises:
            NasbenchError: the number of a best cell is not finite.
        """
        return replace(self, value=numbers[self.row], ascending=False)

    def _steps(self, costs: ArrayLike) -> NDArray[np.int64]:
        """How many improvements had been found at each cost; 0 after the run, of which nothing is known then."""
        costs = np.asarray(costs, np.float64)
        return np.where(costs <= self.spent, np.searchsorted(self.cost, costs, side="right"), 0)


def trajectories(rows: Rows, clock: Clock = "evaluations") -> list[Trajectory]:
    """The best-so-far curve of every repeat.

    Args:
        rows: evaluations by repeat and step.
        clock: what costs are counted in. A number counts as known once its evaluation is paid for.

    Raises:
        NasbenchError: the clock is no clock, or the seconds of an evaluation are unknown or negative.
    """
    if clock not in ("evaluations", "seconds"):
        raise NasbenchError(f"Expected costs in evaluations or seconds, got {clock!r}.")
    starts = np.flatnonzero(np.diff(rows.repeat, prepend=-1)).tolist()
    return [_trajectory(rows, start, end, clock) for start, end in pairwise([*starts, len(rows)])]


def shared_span(*sets: Sequence[Trajectory]) -> tuple[float, float]:
    """The costs at which every run of every set has a number: from the latest first one to the earliest end.

    Raises:
        NasbenchError: there is no such cost, or runs count different things.
    """
    runs = [run for own in sets for run in own]
    check_clock(runs)
    since, until = max(run.first_cost for run in runs), min(run.spent for run in runs)
    if not since < until:
        raise NasbenchError(
            f"Expected costs at which every run has a number, but one has its first at {since:g} {runs[0].clock} and "
            f"one ends at {until:g}: leave out runs without numbers, or compare runs of like budgets."
        )
    return since, until


def check_clock(runs: Sequence[Trajectory]) -> Clock:
    """The one unit in which the costs of runs are counted.

    Raises:
        NasbenchError: there are no runs, or more than one unit.
    """
    clocks = sorted({run.clock for run in runs})
    if len(clocks) != 1:
        raise NasbenchError(
            f"Expected runs that count costs in one unit, got {' and '.join(clocks) or 'no run'}: read all against "
            f"evaluations or all against seconds."
        )
    return runs[0].clock


def _trajectory(rows: Rows, start: int, end: int, clock: Clock) -> Trajectory:
    """The curve of the repeat in these rows."""
    value, seconds = rows.value[start:end], rows.seconds[start:end]
    cost = np.arange(1.0, len(value) + 1)
    if clock == "seconds":
        if not np.all(seconds >= 0):
            raise NasbenchError(
                f"Expected the seconds of every evaluation, but those of some of repeat {rows.repeat[start]} are "
                f"unknown or negative: read these runs against evaluations."
            )
        cost = seconds.cumsum()
    best = np.maximum.accumulate(np.where(np.isfinite(value), value, -np.inf))
    row = start + np.flatnonzero(_rises(best))
    last = np.append(cost[1:] > cost[:-1], True)
    known = _rises(best[last])
    row = row[np.searchsorted(rows.value[row], best[last][known])]
    return Trajectory(cost[last][known], best[last][known], row, float(cost[-1]), clock)


def _rises(best: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a running maximum is higher than before."""
    return best > np.concatenate([[-np.inf], best[:-1]])
