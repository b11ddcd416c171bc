"""What the runs of an arm found, read off their record and small enough to hold those of all arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import nasbench_ga as ng
from experiments.dervisi_study.arms import Arm, Benchmark
from nasbench_ga.rows import Rows
from nasbench_ga.run_sets import RunSet
from nasbench_ga.spaces import Space
from nasbench_ga.statistics import Generations, Sample, Trajectory

EARLY = 500
"""Up to so many evaluations, the budget of NAS-EA-FA, it is kept how alike the cells of a generation are."""
BEST_SHARE = 0.01
HOUR = 3600.0
Which = Literal["search", "test"]


@dataclass(frozen=True)
class Spread:
    """How different the cells are that one generation (or cycle) of one run evaluated, each cell counted once.

    Attributes:
        cells: how many different ones they are.
        spent: evaluations of the run by its end.
        range: interquartile range of the metric searched on, in per cent.
        distance: mean Hamming distance of two of their feature vectors, in bits.
        best: the share of them that is in the table's best 1 % by the metric searched on.
    """

    cells: int
    spent: int
    range: float
    distance: float
    best: float


@dataclass(frozen=True)
class Found:
    """What the runs of an arm found on a benchmark.

    Attributes:
        arm: what ran.
        benchmark: where.
        search: the metric that accuracy is searched on by.
        test: the metric that is reported.
        optimum: the highest that the table holds of `search`.
        summary: one dictionary a run.
        runs: `search` of the best cell known, run by run, against evaluations.
        test_runs: `test` of the same cells.
        timed: `search` of the same cells against seconds; None where these are not known.
        simulated: whether the seconds are published ones of training, not those in which networks were scored.
        generations: of `search`, over all runs together.
        spreads: of the first generations of each run.
        top_spreads: the same of the best predicted of each cycle alone, without the farthest; empty without such.
    """

    arm: Arm
    benchmark: Benchmark
    search: str
    test: str
    optimum: float
    summary: list[dict[str, Any]]
    runs: list[Trajectory]
    test_runs: list[Trajectory]
    timed: list[Trajectory] | None
    simulated: bool
    generations: Generations
    spreads: list[list[Spread]]
    top_spreads: list[list[Spread]]

    def __len__(self) -> int:
        return len(self.summary)

    @property
    def spent(self) -> int:
        """Evaluations of each run; of the shortest, if they differ."""
        return int(min(run.spent for run in self.runs))

    @property
    def seconds_an_evaluation(self) -> float | None:
        """The mean over all evaluations, None where seconds are not known."""
        if self.timed is None:
            return None
        return sum(run.spent for run in self.timed) / sum(run.spent for run in self.runs)

    def sample(self, which: Which, evaluations: int | None = None) -> Sample:
        """What the best cell of each run is worth, at its end or after so many evaluations."""
        runs = self.runs if which == "search" else self.test_runs
        worth = [float(run.at(run.spent if evaluations is None else evaluations)) for run in runs]
        return Sample(self.arm.title, np.array(worth))


Benchmarks = Mapping[Benchmark, Mapping[str, Found]]
"""What was found on each benchmark, by the names of arms."""


def extract(own: RunSet, arm: Arm, benchmark: Benchmark) -> Found:
    """What is kept of a record."""
    space, table = ng.get_space(benchmark.space), ng.open_table(benchmark.table)
    objective = own.record.config["objective"]
    search, test = str(objective["search"]), str(objective["test"])
    values, known = own.values(search), table.values(search)
    threshold = float(np.nanquantile(known, 1 - BEST_SHARE))
    top = arm.nas_ea_fa.sizes.top if arm.algorithm == "nas-ea-fa" else 0
    both = [_spreads(rows, values[start:end], space, threshold, top) for rows, start, end in _by_run(own)]
    return Found(
        arm=arm,
        benchmark=benchmark,
        search=search,
        test=test,
        optimum=table.best(search)[1],
        summary=own.record.summary,
        runs=own.trajectories(search),
        test_runs=own.trajectories(test),
        timed=None if np.isnan(own.record.rows.seconds).any() else own.trajectories(search, "seconds"),
        simulated=own.seconds_are_simulated,
        generations=own.generations(search),
        spreads=[every for every, _ in both],
        top_spreads=[best for _, best in both if best],
    )


def _by_run(own: RunSet) -> list[tuple[Rows, int, int]]:
    ends = own.lengths.cumsum().tolist()
    starts = [0, *ends[:-1]]
    return [
        (rows, *span) for rows, span in zip(own.record.rows.by_repeat(), zip(starts, ends, strict=True), strict=True)
    ]


def _spreads(
    rows: Rows, values: NDArray[np.float64], space: Space, threshold: float, top: int
) -> tuple[list[Spread], list[Spread]]:
    """Of each early generation of a run; and of its first `top` evaluations alone. Copies of a cell are left out."""
    ends = np.flatnonzero(np.diff(rows.generation, append=-1)) + 1
    early = ends[ends <= max(EARLY, ends[0])].tolist()
    features = space.features(rows.genotype[: early[-1]])
    every, best = [], []

    def spread(start: int, until: int, spent: int) -> Spread:
        cells = start + np.unique(rows.id[start:until], return_index=True)[1]
        low, high = np.quantile(values[cells], [0.25, 0.75])
        among_best = float(np.mean(values[cells] >= threshold))
        return Spread(len(cells), spent, float(high - low), mean_distance(features[cells]), among_best)

    for start, end in zip([0, *early[:-1]], early, strict=True):
        every.append(spread(start, end, end))
        if top:
            best.append(spread(start, min(end, start + top), end))
    return every, best


def mean_distance(features: NDArray[np.float32]) -> float:
    """The mean Hamming distance of two different rows of bits, shape (n, f); 0 of a single one."""
    n = len(features)
    ones = features.sum(0, dtype=np.float64)
    return float((2 * ones * (n - ones)).sum() / (n * (n - 1))) if n > 1 else 0.0


def without_defects(ran: Mapping[str, Found]) -> list[Found]:
    """What the searches found that have no defect of the study's code."""
    return [own for own in ran.values() if own.arm.mended is None]


def by_arm(found: Benchmarks, name: str) -> list[Found]:
    """What one arm found on each benchmark where it ran."""
    return [arms[name] for arms in found.values() if name in arms]
