"""Everything that is computed of several sets of runs: what each found, every pair of them, time to a target, area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import MOST_SETS
from nasbench_ga.run_sets.likeness import choose_metric, differences, share_seeds
from nasbench_ga.run_sets.run_set import RunSet
from nasbench_ga.statistics import (
    AverageRanks,
    Clock,
    Comparisons,
    RunningTime,
    Sample,
    area_under_curve,
    average_ranks,
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
        paired: whether run i of one is held against run i of the others.
        level: of significance.
        same_within: the smallest difference that would matter, None to say nothing of sameness.
        target: of the expected running time, None for the lowest of the medians.
    """

    metric: str | None = None
    cost: float | None = None
    clock: Clock = "evaluations"
    paired: bool = False
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
        samples: what each run found, a sample for each set.
        comparisons: every pair of samples, and all of them.
        ranks: of run i of each set among run i of all; None if they do not share their seeds.
        notes: in what they are not alike, and what could not be said, a sentence each.
        target: of the running times.
        running_times: expected, one for each set.
        areas: the mean height of the best-so-far curve of each run over the span that all cover, for each set.
        span: that span, in evaluations; None if there is none.
    """

    sets: tuple[RunSet, ...]
    metric: str
    how: How
    samples: tuple[Sample, ...]
    comparisons: Comparisons
    ranks: AverageRanks | None
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
        NasbenchError: fewer than two sets or more than 18, two of one name or with the same runs, no metric in common,
            fewer than two runs, runs without a number, runs that ended before the cost at which they are to be
            compared, or a target that is no number.
    """
    how = how or How()
    if how.target is not None and not np.isfinite(how.target):
        raise NasbenchError(f"Expected a finite target, got {how.target}.")
    _check(sets)
    metric = choose_metric(sets, how.metric)
    samples = tuple(own.sample(metric, how.cost, how.clock) for own in sets)
    named = {sample.name: sample for sample in samples}
    comparisons = compare_all(named, level=how.level, same_within=how.same_within, paired=how.paired)
    target = min(sample.median for sample in samples) if how.target is None else how.target
    runs = [own.trajectories(metric) for own in sets]
    notes = differences(sets, metric, at_equal_cost=how.cost is not None)
    if how.paired and not share_seeds(sets):
        notes.append("Runs are compared in pairs although they do not have the same seed.")
    if how.cost is not None:
        notes += [
            f"{count} of {len(own)} runs of {own.name} ended by themselves before {how.cost:,g} {how.clock}; they "
            f"count with what they had found."
            for own in sets
            if (count := own.ended_before(how.cost, how.clock))
        ]
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
        samples=samples,
        comparisons=comparisons,
        ranks=average_ranks(named, level=how.level) if share_seeds(sets) else None,
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
    if not 2 <= len(sets) <= MOST_SETS:
        raise NasbenchError(
            f"Expected 2 to {MOST_SETS} records to compare, as more cannot be told apart in a picture, got "
            f"{len(sets)}: {'name another' if len(sets) < 2 else 'compare fewer at a time'}."
        )
    names = [own.name for own in sets]
    for name in names:
        if not name.strip() or not name.isprintable():
            raise NasbenchError(f"Expected names that can be read, got {name!r}: give others with --names.")
        if names.count(name) > 1:
            raise NasbenchError(f"Expected different names, got {name} more than once: give others with --names.")
    for first, second in combinations(sets, 2):
        if _searched(first) == _searched(second):
            raise NasbenchError(
                f"{first.name} ({first.record.folder}) and {second.name} ({second.record.folder}) are runs of the same "
                f"search and seed, so that run i of both is one and the same: compare runs of another seed."
            )


def _searched(own: RunSet) -> dict[str, Any]:
    """Everything that a run depends on, but for how many there are."""
    return {key: value for key, value in own.record.config.items() if key != "repeats"}
