"""The two searches of the study, each beside random search with as much time for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nasbench_ga as ng
from experiments.litzinger_study.published import REFERENCE
from nasbench_ga.figures.best_so_far import draw_curves
from nasbench_ga.figures.style import WIDTH, legend, styled, written
from nasbench_ga.pages import Heading, Paragraph, Picture, Table
from nasbench_ga.presets import preset
from nasbench_ga.run_sets import How, RunSet, Together, compare_sets

TITLES = {
    1: "Scenario 1: as accurate as the reference, fewest parameters",
    2: "Scenario 2: most accurate, fewer parameters than the reference",
}
ALGORITHMS = {"genetic": "genetic algorithm", "random": "random search"}


@dataclass(frozen=True)
class Scenario:
    """A scenario, searched by both algorithms.

    Attributes:
        number: 1 or 2.
        together: the runs of both, compared by fitness.
        seconds: of training that each run had.
        dataset: that was trained on.
        threshold: the validation accuracy to be reached, in per cent, where the scenario has one.
    """

    number: int
    together: Together
    seconds: float
    dataset: str
    threshold: float | None

    @property
    def sets(self) -> tuple[RunSet, ...]:
        """The runs of each algorithm."""
        return self.together.sets


def carry_out(number: int, name: str, changes: dict[str, Any], dataset: str, folder: Path) -> Scenario:
    """Runs both searches of a scenario, unless they are there; the second for the threshold of the first.

    Args:
        number: of the scenario.
        name: of the preset.
        changes: of its settings.
        dataset: to train on.
        folder: of the records.
    """
    settings = {**preset(name), **changes}
    sets = []
    for algorithm, title in ALGORITHMS.items():
        result = ng.run(configuration(number, algorithm, settings, dataset, folder), progress=True)
        sets.append(RunSet.read(result.folder, title))
        if (threshold := sets[-1].record.known.get("threshold")) is not None:
            settings["trained"] = replace(settings["trained"], threshold=threshold)
    to_reach = settings["trained"].threshold if number == 1 else None
    return Scenario(number, compare_sets(sets, How()), settings["seconds"], dataset, to_reach)


def configuration(number: int, algorithm: str, settings: dict[str, Any], dataset: str, folder: Path) -> ng.RunConfig:
    """One search of a scenario, which goes on from what there is of it."""
    return ng.RunConfig(
        space="layer-chain",
        fitness="trained",
        dataset=dataset,
        objective=f"scenario-{number}",
        algorithm=algorithm,
        results=folder / f"scenario-{number}" / algorithm,
        resume=True,
        **settings,
    )


def blocks(scenario: Scenario) -> list[Heading | Paragraph | Picture | Table]:
    """What was found, beside random search, for a page."""
    genetic, random = scenario.sets
    comparison = scenario.together.comparisons.pairs[0]
    rows = tuple(
        (
            own.name,
            str(row["repeat"]),
            f"{_number(row, 'parameters'):,.0f}",
            f"{100 * _number(row, 'parameters') / REFERENCE.parameters:.2f} %",
            f"{_number(row, 'accuracy'):.2f} %",
            f"{_number(row, f'{scenario.dataset}/test'):.2f} %",
            f"{row['evaluations']:,}",
            f"`{row['best_cell']}`",
        )
        for own in (genetic, random)
        for row in own.record.summary
    )
    headers = ("search", "run", "parameters", "of the reference", "validation", "test", "networks", "layers")
    return [
        Heading(TITLES[scenario.number]),
        Paragraph(
            f"{len(genetic)} runs of each search, with {scenario.seconds:,.0f} seconds of training a run. The fitness "
            f"of the best network of each run decides. {reached(scenario.sets, scenario.threshold)}"
            f"{comparison.verdict} {comparison.a12.in_words()}"
        ),
        Table(headers, rows, numeric=(1, 2, 3, 4, 5, 6)),
        Picture(
            f"scenario-{scenario.number}",
            _figure(scenario.sets),
            f"Scenario {scenario.number}: fitness of the best network so far, against networks trained; median and "
            "middle half of the runs, as far as at least half of them go on; one that has ended counts with what it "
            "had found.",
        ),
    ]


def reached(sets: Sequence[RunSet], threshold: float | None) -> str:
    """How many runs of each search found a network as accurate as it is to be; nothing if any accuracy will do."""
    if threshold is None:
        return ""
    runs = (
        f"{sum(_number(row, 'accuracy') >= threshold for row in own.record.summary)} of {len(own.record.summary)} "
        f"runs of {own.name}"
        for own in sets
    )
    return f"The bar is {threshold:.2f} % in validation; {' and '.join(runs)} reached it. "


def _number(row: Mapping[str, Any], name: str) -> float:
    """What a run found, no number if all its trainings failed."""
    value = row.get(name)
    return float("nan") if value is None else float(value)


@styled()
def _figure(sets: Sequence[RunSet]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 * WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    curves = {own.name: own.curves("fitness") for own in sets}
    draw_curves(axes, {name: (own.cost, own.value) for name, own in curves.items()}, "networks trained")
    axes.set_title(written("fitness, best so far"))
    legend(figure)
    return figure
