"""What it costs, on average, to reach a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_ga.statistics.trajectories import Clock, Trajectory, check_clock


@dataclass(frozen=True)
class RunningTime:
    """The expected running time of a search, restarted until it reaches a target.

    Attributes:
        target: the value to reach.
        expected: its cost; infinity if no run reached it.
        successes: how many runs reached it.
        runs: how many there were.
        clock: the unit of cost.
    """

    target: float
    expected: float
    successes: int
    runs: int
    clock: Clock

    def in_words(self) -> str:
        """How many runs reached the target, and what that is expected to cost."""
        reached = f"{self.successes} of {self.runs} runs reached {self.target:.6g}"
        if not self.successes:
            return f"{reached}: no running time can be expected."
        return f"{reached}; its expected running time is {self.expected:,.1f} {self.clock}."


def expected_running_time(runs: Sequence[Trajectory], target: float) -> RunningTime:
    """The expected running time (ERT) to a target: all that was spent until it was reached, or in vain, a success.

    That is the mean cost of a success and, for every success, the mean number of failures before it times their cost.

    Raises:
        NasbenchError: there are no runs, or they count different things.

    Source: Auger and Hansen, "Performance evaluation of an advanced local search evolutionary algorithm", 2005; Hansen
    et al., "Real-parameter black-box optimization benchmarking 2010: experimental setup", 2010.
    """
    clock = check_clock(runs)
    cost = np.array([run.cost_of(target) for run in runs])
    successes = int(np.isfinite(cost).sum())
    spent = np.where(np.isfinite(cost), cost, [run.spent for run in runs]).sum()
    return RunningTime(target, float(spent / successes) if successes else float("inf"), successes, len(runs), clock)
