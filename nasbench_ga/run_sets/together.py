"""Everything that is computed of several sets of runs: what each found, every pair of them, time to a target, area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench_ga.errors import NasbenchError
from nasbench_ga.run_sets.likeness import belong_in_pairs, choose_metric, differences
from nasbench_ga.run_sets.run_set import RunSet
from nasbench_ga.statistics import (
    Clock,
    Comparisons,
    RunningTime,
    Sample,
    area_under_curve,
    compare_all,
    expected_running_time,
    shared_span,
)


@dataclass(frozen=True)
class How:
    """How sets of runs are compared.

    Attributes:
        metric: of the best cell of each run; None for the test accuracy that all of them report.
        cost: when it is taken, None for the end of each run.
        clock: the unit of that.
        paired: whether run i of one belongs with run i of the others; None to find out by their seeds.
        level: of significance.
        same_within: the smallest difference that would matter, None to say nothing of sameness.
        target: of the expected running time, None for the lowest of the medians.
    """

    metric: str | None = None
    cost: float | None = None
    clock: Clock = "evaluations"
    paired: bool | None = None
    level: float = 0.05
    same_within: float | None = None
    target: float | None = None


@dataclass(frozen=True)
class Together:
    """Several sets of runs, compared.

    Attributes:
        sets: of runs.
        metric: that they are compared by.
        how: they were compared.
        paired: whether run i of one was held against run i of the others.
        samples: what each run found, a sample for each set.
        comparisons: every pair of samples, and all of them.
        notes: in what they are not alike, and what could not be said, a sentence each.
        target: of the running times.
        running_times: expected, one for each set.
        areas: the mean height of the best-so-far curve of each run over the span that all cover, for each set.
        span: that span, in evaluations; None if there is none.
    """

    sets: tuple[RunSet, ...]
    metric: str
    how: How
    paired: bool
    samples: tuple[Sample, ...]
    comparisons: Comparisons
    notes: tuple[str, ...]
    target: float
    running_times: tuple[RunningTime, ...]
    areas: tuple[Sample, ...]
    span: tuple[float, float] | None

    @property
    def optimum(self) -> float | None:
        """The best that the table holds of the metric, where it is one and all are of it."""
        found = {own.optimum(self.metric) for own in self.sets}
        return found.pop() if len(found) == 1 else None


def compare_sets(sets: Sequence[RunSet], how: How | None = None) -> Together:
    """Compares sets of runs by what each of their runs found.

    Raises:
        NasbenchError: fewer than two sets, two of one name or of one record, no metric in common, fewer than two runs,
            runs without a number, or runs that ended before the cost at which they are to be compared.
    """
    how = how or How()
    _check(sets)
    metric = choose_metric(sets, how.metric)
    paired = belong_in_pairs(sets) if how.paired is None else how.paired
    samples = tuple(own.sample(metric, how.cost, how.clock) for own in sets)
    comparisons = compare_all(
        {sample.name: sample for sample in samples}, level=how.level, same_within=how.same_within, paired=paired
    )
    target = min(sample.median for sample in samples) if how.target is None else how.target
    runs = [own.trajectories(metric) for own in sets]
    notes = differences(sets, metric, at_equal_cost=how.cost is not None)
    areas: tuple[Sample, ...] = ()
    span = None
    try:
        span = shared_span(*runs)
        found = [area_under_curve(own, *span) for own in runs]
        areas = tuple(Sample(own.name, area) for own, area in zip(sets, found, strict=True))
    except NasbenchError as error:
        notes.append(f"Areas under best-so-far curves cannot be compared. {error}")
    return Together(
        sets=tuple(sets),
        metric=metric,
        how=how,
        paired=paired,
        samples=samples,
        comparisons=comparisons,
        notes=tuple(notes),
        target=target,
        running_times=tuple(expected_running_time(own, target) for own in runs),
        areas=areas,
        span=span,
    )


def at_the_optimum(sample: Sample, optimum: float) -> float:
    """The share of runs that found the best there is."""
    return float(np.mean(sample.values >= optimum - 1e-9 * max(1.0, abs(optimum))))


def _check(sets: Sequence[RunSet]) -> None:
    if len(sets) < 2:
        raise NasbenchError(f"Expected at least two records to compare, got {len(sets)}: name another.")
    for what, given in (("name", [own.name for own in sets]), ("record", [str(own.record.folder) for own in sets])):
        if doubled := sorted({one for one in given if given.count(one) > 1}):
            raise NasbenchError(
                f"Expected every set of runs to have a {what} of its own, got {', '.join(doubled)} more than once: "
                f"{'give others with --names' if what == 'name' else 'leave out what is there already'}."
            )
