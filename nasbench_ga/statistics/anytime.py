"""Anytime performance: the area under best-so-far curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics.trajectories import Trajectory, check_clock


def area_under_curve(runs: Sequence[Trajectory], since: float, until: float) -> NDArray[np.float64]:
    """The mean height of each run's best-so-far curve from one cost to another: its area, divided by its width.

    It rewards finding something good early, not only at the end, and is in the unit of the fitness. To compare sets
    of runs give all the same span; `shared_span` finds the widest.

    Args:
        runs: the curves.
        since: a cost at which every run has a number.
        until: a larger cost that every run spent.

    Returns:
        float64, shape (runs,).

    Raises:
        NasbenchError: the span is empty, or a run does not cover it.

    Source: as "anytime performance" in Lopez-Ibanez and Stuetzle, "Automatically improving the anytime behaviour of
    optimisation algorithms", 2014.
    """
    clock = check_clock(runs)
    if not since < until:
        raise NasbenchError(f"Expected a span of {clock} from a lower to a higher one, got {since:g} to {until:g}.")
    for number, run in enumerate(runs):
        if run.first_cost > since or run.spent < until:
            raise NasbenchError(
                f"Expected runs with numbers from {since:g} to {until:g} {clock}, but run {number} has some from "
                f"{run.first_cost:g} to {run.spent:g} only: shared_span(...) gives the widest span that all cover."
            )
    return np.array([_mean_height(run, since, until) for run in runs])


def _mean_height(run: Trajectory, since: float, until: float) -> float:
    inside = (run.cost > since) & (run.cost < until)
    edges = np.concatenate([[since], run.cost[inside], [until]])
    return float(run.at(edges[:-1]) @ np.diff(edges) / (until - since))
