"""When each run found what: its best-so-far curve, exactly, against evaluations or seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
        value: float64, shape (m,), ascending: that best.
        spent: what the whole run cost.
        clock: the unit of cost.
    """

    cost: NDArray[np.float64]
    value: NDArray[np.float64]
    spent: float
    clock: Clock = "evaluations"

    def __post_init__(self) -> None:
        rising = (
            len(self.cost) == len(self.value) and np.all(np.diff(self.cost) > 0) and np.all(np.diff(self.value) > 0)
        )
        if not rising or not np.isfinite([*self.cost, *self.value, self.spent]).all():
            raise NasbenchError(
                f"Expected a best-so-far curve with finite, rising costs and values, got costs {self.cost} and values "
                f"{self.value}: give the improvements only, in the order in which they were found."
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
        costs = np.asarray(costs, np.float64)
        known = np.concatenate([[np.nan], self.value])[np.searchsorted(self.cost, costs, side="right")]
        return np.where(costs <= self.spent, known, np.nan)

    def cost_of(self, target: float) -> float:
        """What it took to reach at least the target; infinity if the run did not."""
        reached = np.searchsorted(self.value, target, side="left")
        return float(self.cost[reached]) if reached < len(self.cost) else float("inf")


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
    return [_trajectory(own, clock) for own in rows.by_repeat()]


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


def _trajectory(rows: Rows, clock: Clock) -> Trajectory:
    cost = np.arange(1.0, len(rows) + 1)
    if clock == "seconds":
        if not np.all(rows.seconds >= 0):
            raise NasbenchError(
                f"Expected the seconds of every evaluation, but those of some of repeat {rows.repeat[0]} are unknown "
                f"or negative: read these runs against evaluations."
            )
        cost = rows.seconds.cumsum()
    best = np.maximum.accumulate(np.where(np.isfinite(rows.value), rows.value, -np.inf))
    last = np.append(cost[1:] > cost[:-1], True)
    cost, best = cost[last], best[last]
    improves = best > np.concatenate([[-np.inf], best[:-1]])
    return Trajectory(cost[improves], best[improves], float(cost[-1]), clock)
