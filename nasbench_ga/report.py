"""What a person reads of a finished study: one table, the best cell, where everything lies, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.figures import save
from nasbench_ga.figures.best_so_far import draw_curves
from nasbench_ga.figures.style import WIDTH, legend, styled, written
from nasbench_ga.fitness import Fitness
from nasbench_ga.records import CYCLES
from nasbench_ga.rows import Rows
from nasbench_ga.search.pareto import non_dominated_ranks
from nasbench_ga.spaces import Space
from nasbench_ga.statistics import BestSoFar, best_so_far, rank_correlation
from nasbench_ga.tables import Objective, Table

PICTURE = "best-so-far.png"
MOST_ROWS = 30


@dataclass(frozen=True)
class Report:
    """A finished study, as far as a person wants to read of it.

    Attributes:
        name: of the fitness.
        fitness: what was maximised.
        space: what was searched.
        table: where the reported metrics come from, None if there is none.
        objective: the reported metrics, None without a table.
        folder: of the record.
        instead_of: tables that the space has and that are not here, which is why this one was taken.
        why_no_table: why there is none, where there is none.
        summary: one dictionary a repeat (see `summary.summarise`).
        cycles: one dictionary a repeat and cycle (see `summary.summarise_cycles`); often none.
        wall_seconds: of each repeat.
        rows: all evaluations, by repeat and step.
        ends: when a repeat ends, if that may have two reasons.
    """

    name: str
    fitness: Fitness
    space: Space
    table: Table | None
    objective: Objective | None
    folder: Path
    instead_of: Sequence[str]
    why_no_table: str
    summary: list[dict[str, Any]]
    cycles: list[dict[str, Any]]
    wall_seconds: Sequence[float]
    rows: Rows
    ends: str = ""

    @property
    def best(self) -> dict[str, Any]:
        """The summary of the repeat that found the highest fitness."""
        return max(self.summary, key=lambda row: -np.inf if row["best_value"] is None else row["best_value"])

    @property
    def best_cell(self) -> str | None:
        """The best cell of all, in the form that papers print; None if no evaluated cell has a number."""
        return self.best["best_cell"]

    @property
    def fitness_is_reported(self) -> bool:
        """Whether the fitness is itself one of the reported metrics."""
        return self.objective is not None and self.fitness.metric == self.objective.search


def show(report: Report) -> None:
    """Prints the table of repeats and what its numbers are."""
    from rich.console import Console
    from rich.measure import Measurement

    console, table = Console(), _table(report)
    needed = Measurement.get(console, console.options.update_width(1000), table).maximum
    Console(width=max(console.width, needed)).print(table)
    for line in _explanations(report):
        print(line)


@dataclass(frozen=True)
class _Column:
    """One column of the printed table: a number for each repeat, and the optimum that it is held against."""

    header: str
    values: NDArray[np.float64]
    form: str
    optimum: float | None = None

    def text(self, value: float) -> str:
        """A number, with its regret if there is an optimum; a mean of counts need not be one."""
        form = ",.1f" if self.form == ",.0f" and np.isfinite(value) and value != round(value) else self.form
        regret = "" if self.optimum is None else f" ({_text(self.optimum - value, form)})"
        return _text(value, form) + regret


def _columns(report: Report) -> list[_Column]:
    def of(key: str, factor: float = 1.0) -> NDArray[np.float64]:
        return np.array([np.nan if row.get(key) is None else row[key] * factor for row in report.summary])

    columns = [] if report.fitness_is_reported else [_Column(report.name, of("best_value"), ".4f")]
    if report.table is not None and report.objective is not None:
        for metric in report.objective.reported:
            header = metric.replace("/", "/\n") + "\n% (regret)"
            columns.append(_Column(header, of(metric), ".3f", report.table.best(metric)[1]))
    columns += [_Column(name, of(name), form) for name, form in report.fitness.columns.items()]
    unit, seconds = _clock(report)
    return [
        *columns,
        _Column("evaluations", of("evaluations"), ",.0f"),
        _Column("unique\ncells", of("unique_cells"), ",.0f"),
        _Column(unit.replace(" ", "\n"), of("seconds", 1 / seconds), ",.1f"),
        _Column("wall\nseconds", np.array(report.wall_seconds), ".3f"),
    ]


def _clock(report: Report) -> tuple[str, int]:
    """The unit in which the cost of evaluations is told, and its seconds."""
    if not report.fitness.seconds_are.startswith("measured"):
        return "simulated hours", 3600
    longest = max((row["seconds"] or 0 for row in report.summary), default=0)
    return ("measured minutes", 60) if longest >= 600 else ("measured seconds", 1)


def _table(report: Report) -> Any:
    from rich import box
    from rich.table import Table as RichTable

    columns = _columns(report)
    table = RichTable(
        title=f"Best cell of each repeat by {_searched_metric(report)}", title_justify="left", box=box.SIMPLE_HEAD
    )
    table.add_column("repeat", justify="right")
    for column in columns:
        table.add_column(column.header, justify="right", overflow="fold")
    if len(report.summary) <= MOST_ROWS:
        for number, row in enumerate(report.summary):
            table.add_row(str(row["repeat"]), *(column.text(column.values[number]) for column in columns))
        table.add_section()
    table.add_row("mean", *(column.text(float(column.values.mean())) for column in columns))
    table.add_row("sd", *(_text(_standard_deviation(column.values), column.form) for column in columns))
    if len(report.summary) > MOST_ROWS:
        for name, quantile in (("min", 0.0), ("median", 0.5), ("max", 1.0)):
            table.add_row(name, *(column.text(float(np.quantile(column.values, quantile))) for column in columns))
    return table


def _standard_deviation(values: NDArray[np.float64]) -> float:
    """Of a sample: n - 1 in the denominator; NaN for one repeat."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def _text(value: float, form: str) -> str:
    return format(round(value, 6) + 0.0, form) if np.isfinite(value) else "–"  # + 0.0: no minus before a zero


def _searched_metric(report: Report) -> str:
    return report.fitness.metric if report.fitness_is_reported and report.fitness.metric else report.name


def _explanations(report: Report) -> list[str]:
    best = report.best
    found = "No evaluated cell has a number, so there is no best one."
    if report.best_cell is not None:
        found = (
            f"Best cell: number {best['best_id']} of {report.space.name}, {report.name} {best['best_value']:.4f}, "
            f"found by repeat {best['repeat']} as evaluation {best['best_step'] + 1}: {report.best_cell}"
        )
    unit, _ = _clock(report)
    lines = [found, *_front(report), *_ranked(report), *_predicted(report), *report.fitness.notes]
    lines += [*report.fitness.remarks(report.rows), *([report.ends] if report.ends else [])]
    lines.append(f"{unit.capitalize()}: {report.fitness.seconds_are}; wall seconds are this machine's.")
    if report.table is not None and report.objective is not None:
        table = report.table
        lines.append(f"Table: {table.name} from {table.path or 'memory'} (fingerprint {table.fingerprint[:12]}).")
        if report.instead_of:
            missing = ", ".join(report.instead_of)
            lines.append(f"It was taken because these are not here: {missing} (python -m nasbench_ga.tables list).")
        for metric in report.objective.reported:
            row, optimum = table.best(metric)
            lines.append(f"Regret is to the table's optimum of {metric}: {optimum:.4f} % (cell {row}).")
        if report.fitness_is_reported and report.objective.searches_on_test:
            lines.append(
                f"Note: Table {table.name} holds no validation accuracy for this, so the search maximised the test "
                f"accuracy {report.objective.test} itself: its results are optimistic."
            )
        lines += [f"Note: {note}" for note in table.notes]
    if report.why_no_table and "accuracy" not in report.rows.extras:
        lines.append(f"Nothing is said of accuracy, for there is no table of it here: {report.why_no_table}")
    if len(report.summary) > MOST_ROWS:
        lines.append(f"Each of the {len(report.summary)} repeats is in {report.folder / 'summary.json'}.")
    lines.append("sd is the sample standard deviation over repeats.")
    lines.append(f"Record: {report.folder}; picture: {report.folder / PICTURE}")
    return lines


def _front(report: Report) -> list[str]:
    """The cells that none is better than in every objective, where there are several."""
    signs = report.fitness.objectives
    if not signs or not all(name in report.rows.extras for name in signs):
        return []
    valued = np.flatnonzero(~np.isnan(report.rows.value))
    first = valued[np.unique(report.rows.id[valued], return_index=True)[1]]
    values = np.stack([sign * report.rows.extras[name][first] for name, sign in signs.items()], axis=1)
    front = first[non_dominated_ranks(values) == 0]
    front = front[np.argsort(-report.rows.value[front], kind="stable")]
    lines = [f"{len(front):,} of the {len(first):,} different cells are on the front, by {' and '.join(signs)}:"]
    for row in front[:MOST_ROWS]:
        numbers = ", ".join(
            f"{name} {_text(float(report.rows.extras[name][row]), report.fitness.columns.get(name, '.4g'))}"
            for name in signs
        )
        lines.append(f"  {numbers}: {report.space.decode(report.rows.genotype[row])}")
    return lines


def _ranked(report: Report) -> list[str]:
    """What the table says of the best cell and of the fitness as a guide to accuracy."""
    cells, first = np.unique(report.rows.id, return_index=True)
    values = report.rows.value[first]
    lines = []
    if report.table is not None and report.objective is not None and report.best_cell is not None:
        metric, table = report.objective.test, report.table
        if (rank := report.best[f"rank {metric}"]) is not None:
            accuracy = f"Its {metric} is {report.best[metric]:.3f} %"
            lines.append(f"{accuracy}, rank {rank:,} of the table's {len(table):,} cells.")
        if not report.fitness_is_reported:
            accuracies = table.lookup(cells, metric)
            lines.append(
                f"Over the {len(cells):,} different cells that were evaluated, {report.name} and {metric} have "
                f"{rank_correlation(values, accuracies)}{_control(report.space, cells, accuracies)}."
            )
    if impossible := int(np.isneginf(values).sum()):
        lines.append(f"{impossible:,} of the {len(cells):,} different cells have minus infinity as fitness.")
    return lines


def _predicted(report: Report) -> list[str]:
    """How well the search knew beforehand what it evaluated, and what it could not learn from."""
    if not report.cycles:
        return []
    lines = []
    measured = [cycle for cycle in report.cycles if cycle.get("kendall") is not None]
    if measured:
        weights = [cycle["evaluations"] for cycle in measured]
        tau, rho = (np.average([cycle[key] for cycle in measured], weights=weights) for key in ("kendall", "spearman"))
        lines.append(
            f"Predictions and {report.name} of the cells evaluated next have Kendall's tau {tau:.3f}, Spearman's rho "
            f"{rho:.3f} (mean of {len(measured):,} cycles, by their evaluations; each is in {report.folder / CYCLES})."
        )
    if unlearned := sum(cycle["cycle"] > 0 and cycle.get("training_cells") == 0 for cycle in report.cycles):
        lines.append(
            f"In {unlearned:,} of {len(report.cycles):,} cycles there was nothing to learn from, as not even two cells "
            f"had a finite {report.name} that differed; the search went on without predictions."
        )
    if not measured and not unlearned:
        lines.append("Nothing was predicted: the budget ended with the first cycle, which is random.")
    if dropped := int((~np.isfinite(report.rows.value)).sum()):
        lines.append(f"{dropped:,} evaluations had no finite {report.name}, so nothing could be learned from them.")
    if short := sum(0 < cycle.get("new", np.inf) < cycle.get("wanted", 0) for cycle in report.cycles):
        lines.append(f"In {short:,} of {len(report.cycles):,} cycles the pool held fewer new cells than were wanted.")
    last = [list(cycles)[-1] for _, cycles in groupby(report.cycles, key=lambda cycle: cycle["repeat"])]
    if exhausted := sum(cycle.get("new") == 0 for cycle in last):
        lines.append(f"{exhausted:,} of the {len(last):,} repeats ended early: they found nothing new to evaluate.")
    return lines


def _control(space: Space, cells: NDArray[np.int64], accuracies: NDArray[np.float64]) -> str:
    """The same of the number of parameters, which any guide has to beat; nothing where that is not known."""
    if type(space).parameters is Space.parameters or not space.enumerable:
        return ""
    parameters = space.parameters(space.genotypes_of(cells))
    return f"; the mere number of parameters has {rank_correlation(parameters, accuracies)}"


@styled()
def draw(report: Report, path: Path) -> None:
    """Draws best-so-far curves: every run, their median and their middle half, of each reported metric."""
    from matplotlib.figure import Figure

    curves = best_so_far(report.rows)
    panels = _panels(report, curves)
    figure = Figure(figsize=(WIDTH * len(panels), 3.4), layout="constrained")
    for axes, (title, values, optimum) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw_curves(axes, {"": (curves.cost, values)}, "evaluations", optimum=optimum)
        axes.set_title(written(title))
    legend(figure)
    save(figure, path.with_suffix(""), ["png"])


def _panels(report: Report, curves: BestSoFar) -> list[tuple[str, NDArray[np.float64], float | None]]:
    """Title, one curve a run (runs, points), and the optimum of each panel."""
    if report.table is None or report.objective is None:
        return [(f"{report.name}, best so far", curves.value, None)]
    panels: list[tuple[str, NDArray[np.float64], float | None]] = []
    if not report.fitness_is_reported:
        panels.append((f"{report.name}, best so far", curves.value, None))
    metrics = report.objective.reported
    for metric in metrics if report.fitness_is_reported else metrics[-1:]:
        values = np.where(curves.row >= 0, report.table.lookup(report.rows.id[curves.row], metric), np.nan)
        suffix = "best so far" if metric == _searched_metric(report) else "of the best so far"
        panels.append((f"{metric} (%), {suffix}", values, report.table.best(metric)[1]))
    return panels
