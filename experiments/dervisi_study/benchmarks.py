"""What the searches found on each benchmark, as a page and as rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from experiments.dervisi_study.arms import RANDOM, Benchmark
from experiments.dervisi_study.evidence import mean_and_deviation, number
from experiments.dervisi_study.found import HOUR, Benchmarks, Found, without_defects
from nasbench_ga import figures
from nasbench_ga.pages import Block, Heading, Page, Paragraph, Picture, Table
from nasbench_ga.run_sets import at_the_optimum
from nasbench_ga.statistics import Trajectory

POINTS = 300
COLUMNS = (
    *("benchmark", "arm", "repeat", "evaluations", "unique_cells", "search_metric", "search", "test_metric", "test"),
    *("best_id", "regret", "evaluations_until_best"),
)


def benchmarks_page(found: Benchmarks) -> Page:
    """Everything that was found, benchmark by benchmark."""
    blocks: list[Block] = [
        Paragraph(
            "Each run is judged by the cell with the highest fitness that it evaluated: its accuracy as searched "
            "on, and its test accuracy. On nb101 both are the mean test accuracy, as the table at hand holds no "
            "validation accuracy. By NASWT, accuracies are those of the cell with the highest score."
        )
    ]
    for benchmark, ran in found.items():
        blocks += _section(benchmark, without_defects(ran))
    return Page("What the searches found", tuple(blocks))


def _section(benchmark: Benchmark, every: list[Found]) -> Iterator[Block]:
    yield Heading(str(benchmark))
    if not every:
        yield Paragraph("Nothing ran here.")
        return
    first = every[0]
    yield _table(every)
    slug = benchmark.folder.lower()
    samples = {own.arm.title: own.sample("search") for own in every}
    label = f"{first.search} (%)"
    yield Picture(
        f"{slug}-distributions",
        figures.distributions(samples, label, optimum=first.optimum),
        "What each run found, a dot a run, and the share of runs that found at most so much.",
    )
    yield Picture(
        f"{slug}-evaluations",
        figures.best_so_far_bands(
            {own.arm.title: _curves(own.runs, 1.0) for own in every}, label, "evaluations", optimum=first.optimum
        ),
        "The best known after so many evaluations: the median of the runs and their middle half.",
    )
    timed = {own.arm.title: _curves(own.timed, HOUR) for own in every if own.timed and own.simulated}
    if timed:
        yield Picture(
            f"{slug}-time",
            figures.best_so_far_bands(timed, label, "simulated hours of training", optimum=first.optimum),
            "The same against the published times of training; without the searches by NASWT, which train nothing.",
        )
    if learning := {own.arm.title: own.generations for own in every if own.arm.name != RANDOM}:
        yield Picture(
            f"{slug}-generations",
            figures.generations(learning, label, optimum=first.optimum),
            "The cells that a generation (or cycle) evaluated: their median, and from the 10 % to the 90 % quantile.",
        )


def _table(every: list[Found]) -> Table:
    rows = []
    for own in every:
        searched, tested = own.sample("search"), own.sample("test")
        until = np.median([run.cost[-1] for run in own.runs])
        unique = np.mean([run["unique_cells"] for run in own.summary])
        rows.append(
            (
                own.arm.title,
                str(len(own)),
                f"{own.arm.evaluations:,}",
                f"{unique:,.0f}",
                mean_and_deviation(searched),
                f"{number(searched.values.min())} to {number(searched.values.max())}",
                f"{at_the_optimum(searched, own.optimum):.0%}",
                mean_and_deviation(tested),
                f"{until:,.0f}",
            )
        )
    headers = ("search", "runs", "evaluations", "different cells", "best, %", "range", "at the optimum", "test, %")
    return Table(
        (*headers, "until the best"),
        tuple(rows),
        f"Mean ± sample standard deviation over runs of {every[0].search} and of {every[0].test}; the optimum of "
        f"the table is {number(every[0].optimum)}. Until the best: evaluations, median over runs.",
        numeric=tuple(range(1, 9)),
    )


def _curves(runs: list[Trajectory], per_unit: float) -> tuple[Any, Any]:
    """Curves on a grid of their own, shapes (points,) and (runs, points); cost in so many of its units."""
    last = max(run.spent for run in runs)
    grid = np.geomspace(min(run.first_cost for run in runs), last, POINTS)
    grid = np.unique(grid.round()) if runs[0].clock == "evaluations" else np.unique(np.append(grid[:-1], last))
    return grid / per_unit, np.stack([run.at(grid) for run in runs])


def runs_as_csv(found: Benchmarks) -> str:
    """One row a run of every search."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for benchmark, ran in found.items():
        for name, own in ran.items():
            writer.writerows([benchmark.folder, name, *_row(own, run)] for run in own.summary)
    return text.getvalue()


def _row(own: Found, run: Mapping[str, Any]) -> list[Any]:
    worth = [own.search, _rounded(run[own.search]), own.test, _rounded(run[own.test])]
    regret = _rounded(run[f"regret {own.search}"])
    return [
        run["repeat"],
        run["evaluations"],
        run["unique_cells"],
        *worth,
        run["best_id"],
        regret,
        run["best_step"] + 1,
    ]


def _rounded(value: float) -> float:
    return round(value, 6) + 0.0
