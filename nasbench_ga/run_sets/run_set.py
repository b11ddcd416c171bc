"""A set of runs, read from its record: what each run found, when, and how good all that it evaluated was."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.records import Record, read_record
from nasbench_ga.statistics import (
    BestSoFar,
    Clock,
    Generations,
    Sample,
    Trajectory,
    best_so_far,
    by_generation,
    trajectories,
)

FITNESS = "fitness"
"""The metric that is what a run maximised, whatever that was."""


@dataclass(frozen=True)
class RunSet:
    """The runs of one record, under a name.

    Attributes:
        name: for words, tables and figures.
        record: what they wrote.
    """

    name: str
    record: Record
    _incumbents: dict[Clock, list[Trajectory]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, folder: Path, name: str | None = None) -> RunSet:
        """Reads a record; without a name it gets that of its folder.

        Raises:
            RecordError: there is no finished record.
            CorruptFileError: it is damaged.
        """
        return cls(Path(folder).name if name is None else name, read_record(folder))

    def __len__(self) -> int:
        return self.record.repeats

    @property
    def fitness_metric(self) -> str | None:
        """The metric that was maximised, None if the fitness is no published number."""
        metric: str | None = self.record.config.get("fitness_metric")
        return metric

    @property
    def test_metric(self) -> str:
        """The metric that a result is judged by: the reported test accuracy, or the fitness without a table."""
        objective = self.record.config.get("objective")
        return str(objective["test"]) if objective else FITNESS

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is known of every evaluated cell."""
        return (FITNESS, *self.record.metrics)

    @property
    def seconds_are_simulated(self) -> bool:
        """Whether the seconds of an evaluation are published ones, and there are some."""
        known = not np.isnan(self.record.rows.seconds).any()
        return known and not str(self.record.config.get("seconds_are", "measured")).startswith("measured")

    @property
    def seconds_are_measured(self) -> bool:
        """Whether the seconds of an evaluation were spent on it in its run, and are known."""
        known = not np.isnan(self.record.rows.seconds).any()
        return known and str(self.record.config.get("seconds_are", "")).startswith("measured while")

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The evaluations of each run, shape (runs,)."""
        return np.bincount(self.record.rows.repeat)

    def values(self, metric: str) -> NDArray[np.float64]:
        """A metric of every evaluated cell, float64, shape (evaluations of all runs,).

        Raises:
            UnknownNameError: the record does not hold it.
        """
        if metric == FITNESS:
            return self.record.rows.value
        if metric not in self.record.metrics:
            raise UnknownNameError("metric", metric, self.metrics, f" in {self.record.folder}")
        return self.record.metrics[metric]

    def incumbents(self, clock: Clock = "evaluations") -> list[Trajectory]:
        """When each run found a cell of higher fitness than all before.

        Raises:
            NasbenchError: costs are wanted in seconds, and some are not known.
        """
        if clock not in self._incumbents:
            self._incumbents[clock] = trajectories(self.record.rows, clock)
        return self._incumbents[clock]

    def trajectories(self, metric: str, clock: Clock = "evaluations") -> list[Trajectory]:
        """What the best cell known was worth by a metric, run by run.

        Raises:
            NasbenchError: the metric of one of these cells is not known, or see `incumbents`.
        """
        numbers = self.values(metric)
        if metric in (FITNESS, self.fitness_metric):
            return self.incumbents(clock)
        unknown = sum(int((~np.isfinite(numbers[run.row])).sum()) for run in self.incumbents(clock))
        if unknown:
            raise NasbenchError(
                f"Expected {metric} of every best cell known in {self.record.folder}, but that of {unknown} is missing "
                f"or infinite: compare by another metric, {', '.join(own for own in self.metrics if own != metric)}."
            )
        return [run.valued_by(numbers) for run in self.incumbents(clock)]

    def sample(self, metric: str, cost: float | None = None, clock: Clock = "evaluations") -> Sample:
        """What the cell of highest fitness of each run is worth by a metric, at its end or when so much was spent.

        A run that could have spent more, but ended by itself, counts with what it had found by then.

        Raises:
            NasbenchError: fewer than two runs, a run without any number by then, a cell whose metric is not known, or
                a run that could not spend as much.
        """
        runs = self.incumbents(clock)
        if cost is not None and self.ended_before(cost, clock) and not (self._budget(clock) or 0) >= cost:
            least = min(run.spent for run in runs)
            raise NasbenchError(
                f"Expected runs of {self.name} that could spend {cost:,g} {clock}, but they ended before (the first at "
                f"{least:,g}): compare at {least:,g} {clock} or less."
            )
        rows = np.array([run.row_at(run.spent if cost is None else min(cost, run.spent)) for run in runs])
        if (rows < 0).any():
            when = "at their end" if cost is None else f"after {cost:,g} {clock}"
            raise NasbenchError(
                f"Expected runs of {self.name} that know a cell with a finite fitness {when}, but "
                f"{(rows < 0).sum()} of {len(rows)} do not: compare {'others' if cost is None else 'later'}."
            )
        return Sample(self.name, self.values(metric)[rows])

    def ended_before(self, cost: float, clock: Clock) -> int:
        """How many runs spent less than that."""
        return sum(run.spent < cost for run in self.incumbents(clock))

    def _budget(self, clock: Clock) -> float | None:
        limit: float | None = self.record.config["budget"].get(clock)
        return limit

    def curves(self, metric: str, clock: Clock = "evaluations") -> BestSoFar:
        """What the best cell known was worth by a metric, on one grid of costs for all runs."""
        found = best_so_far(self.record.rows, clock)
        numbers = np.where(found.row >= 0, self.values(metric)[found.row], np.nan)
        return BestSoFar(found.cost, numbers, found.row, clock)

    def generations(self, metric: str) -> Generations:
        """The distribution of a metric over the cells evaluated in each generation, of all runs together."""
        return by_generation(self.record.rows, self.values(metric))

    def optimum(self, metric: str) -> float | None:
        """The best that its table holds of a metric, None where that was not reported."""
        wanted = self.fitness_metric if metric == FITNESS else metric
        for row in self.record.summary:
            value, regret = row.get(str(wanted)), row.get(f"regret {wanted}")
            if value is not None and regret is not None:
                return float(value + regret)
        return None

    @property
    def budget_in_words(self) -> str:
        """What each run could spend."""
        budget = self.record.config["budget"]
        limits = [f"{budget[unit]:,g} {unit}" for unit in ("evaluations", "seconds") if budget.get(unit)]
        return " and ".join(limits)
