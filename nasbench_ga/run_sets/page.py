"""What a person reads of several sets of runs: in short, in tables, in pictures, and in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from nasbench_ga import figures
from nasbench_ga.pages import Block, Details, Heading, Notes, Page, Paragraph, Picture, Table
from nasbench_ga.rows import PREDICTED
from nasbench_ga.run_sets.run_set import FITNESS, RunSet
from nasbench_ga.run_sets.together import Together, at_the_optimum
from nasbench_ga.statistics import Clock, Sample, p_in_short, repeats_in_words

EVALUATIONS: Clock = "evaluations"
SECONDS: Clock = "seconds"
HOUR = 3600.0
MOST_IN_SHORT = 10


def as_page(together: Together) -> Page:
    """The whole comparison as a page."""
    blocks = (
        *_in_short(together),
        *_sets(together),
        *_pairs(together),
        *_curves(together),
        *_costs(together),
        *_evaluated(together),
        *_in_full(together),
    )
    names = [own.name for own in together.sets]
    return Page(f"{', '.join(names[:-1])} and {names[-1]}", blocks)


def unit(metric: str) -> str:
    """A metric as the label of an axis, with its unit."""
    return metric if metric == FITNESS else f"{metric} (%)"


def _in_short(together: Together) -> Iterator[Block]:
    when = f"after {together.how.cost:,g} {together.how.clock}" if together.how.cost else "at the end of each run"
    yield Paragraph(
        f"Compared is {unit(together.metric)} of the cell with the highest fitness that each run knew {when}. Level of "
        f"significance: {together.how.level:g}, over all pairs together (Holm)."
    )
    if together.notes:
        yield Notes(together.notes, "To keep in mind")
    comparisons = together.comparisons
    lines = [] if comparisons.omnibus is None else [comparisons.omnibus.in_words(together.how.level)]
    differing = [pair for pair in comparisons.pairs if pair.differ]
    alike = len(comparisons.pairs) - len(differing)
    shown = comparisons.pairs if len(comparisons.pairs) <= MOST_IN_SHORT else differing[:MOST_IN_SHORT]
    lines += [f"{pair.first.name} and {pair.second.name}: {pair.decision}." for pair in shown]
    if len(comparisons.pairs) > MOST_IN_SHORT:
        more = f"{len(differing) - len(shown)} more pairs differ, and " if len(differing) > len(shown) else ""
        lines.append(f"{more}{alike} of {len(comparisons.pairs)} pairs are not shown to differ.")
    yield Notes(tuple(lines), "In short")


def _sets(together: Together) -> Iterator[Block]:
    yield Heading("What the runs found")
    optimum = together.optimum
    headers = ["set", "runs", "evaluations", "median", "mean ± sd", "lowest", "highest"]
    if optimum is not None:
        headers += ["mean regret", "share at the optimum"]
    rows = []
    for own, sample in zip(together.sets, together.samples, strict=True):
        values = sample.values
        row = [own.name, f"{len(values):,}", f"{own.lengths.mean():,.0f}", *(_number(together, sample.median),)]
        row += [f"{_number(together, values.mean())} ± {_number(together, values.std(ddof=1))}"]
        row += [_number(together, values.min()), _number(together, values.max())]
        if optimum is not None:
            row += [_number(together, optimum - values.mean()), f"{at_the_optimum(sample, optimum):.3g}"]
        rows.append(tuple(row))
    said = f"Of {unit(together.metric)}; sd is the sample standard deviation over runs."
    if optimum is not None:
        said += f" The best that the table holds is {_number(together, optimum)}."
    yield Table(tuple(headers), tuple(rows), said, numeric=tuple(range(1, len(headers))))
    runs = {sample.name: sample for sample in together.samples}
    yield Picture(
        "distributions",
        figures.distributions(runs, unit(together.metric), optimum=optimum),
        "Every run is a dot; below it the median, the middle half and the range of its set. Underneath, the share of "
        "runs that came to at most so much.",
    )


def _pairs(together: Together) -> Iterator[Block]:
    yield Heading("Pair by pair")
    rows = [
        (
            f"{row['first']} – {row['second']}",
            _interval(together, row, "difference"),
            _interval(together, row, "a12"),
            str(row["magnitude"]),
            p_in_short(float(row["p"])),
            p_in_short(float(row["p_adjusted"])),
            str(row["verdict"]),
        )
        for row in together.comparisons.as_table()
    ]
    test = together.comparisons.pairs[0].deciding.name
    paired = "run i of one is held against run i of the other; " if together.how.paired else ""
    confidence = f"{100 * (1 - together.how.level):.4g} %"
    yield Table(
        ("pair", "difference", "A12", "effect", "p", "p (Holm)", "verdict"),
        tuple(rows),
        f"Difference: the shift from the second to the first (Hodges-Lehmann) and its {confidence} interval. A12: how "
        f"often a run of the first is higher, ties counted half, and its {confidence} bootstrap interval. p: "
        f"{paired}{test}.",
        numeric=(1, 2, 4, 5),
    )
    if together.ranks is not None:
        said = f"{together.ranks.in_words()} Ranked are the runs of each seed among each other."
        yield Picture("critical-difference", figures.critical_difference(together.ranks), said)
    undecided = [pair for pair in together.comparisons.pairs if not pair.differ and not pair.same]
    if undecided:
        share = together.how.level / len(together.comparisons.pairs)
        lines = tuple(repeats_in_words(pair.first, pair.second, level=share) for pair in undecided)
        said = "By Mann-Whitney's test, at the level that is left to each pair in the worst case."
        yield Details("How many runs would tell those apart that are not", (said, *lines))


def _curves(together: Together) -> Iterator[Block]:
    yield Heading("Best so far")
    yield Picture("best-so-far-evaluations", _curve_figure(together, EVALUATIONS), _bands(together, "evaluations"))
    if all(own.seconds_are_simulated for own in together.sets):
        yield Picture("best-so-far-time", _curve_figure(together, SECONDS), _bands(together, "hours of training"))
    elif all(own.seconds_are_measured for own in together.sets):
        figure = _curve_figure(together, SECONDS, 60.0, "measured minutes of training")
        yield Picture("best-so-far-time", figure, _bands(together, "minutes of training"))
    else:
        without = [own.name for own in together.sets if not own.seconds_are_simulated]
        yield Paragraph(
            f"There are no curves against time: the training times of what {', '.join(without)} evaluated are not "
            f"known, and measured seconds are not set beside simulated ones."
        )


def _curve_figure(
    together: Together, clock: Clock, seconds: float = HOUR, time: str = "simulated hours of training"
) -> Any:
    found = {own.name: own.curves(together.metric, clock) for own in together.sets}
    per_unit = 1.0 if clock == EVALUATIONS else seconds
    curves = {name: (curve.cost / per_unit, curve.value) for name, curve in found.items()}
    label = "evaluations" if clock == EVALUATIONS else time
    return figures.best_so_far_bands(curves, unit(together.metric), label, optimum=together.optimum)


def _bands(together: Together, clock: str) -> str:
    maximised = all(together.metric in (FITNESS, own.fitness_metric) for own in together.sets)
    falls = "" if maximised else " It can fall: runs keep the cell of the highest fitness, whatever else that is worth."
    return (
        f"The best known after so many {clock}: the median of the runs and their middle half, as long as half of them "
        f"go on; a run that has ended counts with what it had found.{falls}"
    )


def _costs(together: Together) -> Iterator[Block]:
    headers = ("set", f"reached {_number(together, together.target)}", "expected evaluations to it", "mean height")
    areas: tuple[Sample | None, ...] = together.areas or (None,) * len(together.sets)
    rows = tuple(
        (
            own.name,
            f"{time.successes} of {time.runs}",
            f"{time.expected:,.0f}" if time.successes else "–",
            "–" if area is None else f"{_number(together, area.values.mean())} ± {_number(together, _sd(area))}",
        )
        for own, time, area in zip(together.sets, together.running_times, areas, strict=True)
    )
    target = "given" if together.how.target is not None else "the lowest of the medians"
    said = f"The target is {target}. What it is expected to take counts all that was spent in vain too (ERT)."
    if together.span is not None:
        first, last = together.span
        said += f" Mean height: of the best-so-far curve of each run, from evaluation {first:,g} to {last:,g}; ± sd."
    yield Table(headers, rows, said, numeric=(1, 2, 3))


def _evaluated(together: Together) -> Iterator[Block]:
    yield Heading("What was evaluated")
    searched = {own.name: own.generations(together.metric) for own in together.sets}
    yield Picture(
        "generations",
        figures.generations(searched, unit(together.metric), optimum=together.optimum),
        "The cells that a generation (or cycle) evaluated: their median, and from the 10 % to the 90 % quantile.",
    )
    for number, own in enumerate(together.sets, 1):
        if PREDICTED in own.record.rows.extras:
            yield _agreement(number, own, "predicted", own.record.rows.extras[PREDICTED], FITNESS)
        if own.fitness_metric is None and together.metric != FITNESS:
            yield _agreement(number, own, str(own.record.config["fitness"]), own.record.rows.value, together.metric)


def _agreement(number: int, own: RunSet, label: str, scores: Any, metric: str) -> Picture:
    """Scores against a metric, of every different cell (predictions: every evaluation); what runs chose is marked."""
    rows = own.record.rows
    known = np.flatnonzero(~np.isnan(scores))
    _, first = np.unique(rows.id[known], return_index=True)
    shown = known if label == "predicted" else known[first]
    chosen = np.array([run.row[-1] for run in own.incumbents() if len(run.row)], np.int64)
    figure = figures.agreement(
        scores[shown],
        own.values(metric)[shown],
        f"{label}, {own.name}",
        unit(own.fitness_metric or metric) if metric == FITNESS else unit(metric),
        highlighted=np.isin(rows.id[shown], rows.id[chosen]),
        highlighted_label="best cells of the runs",
    )
    what = "what the surrogate predicted of each evaluation" if label == "predicted" else f"{label} of each cell"
    return Picture(
        f"{_slug(label)}-{number}-{_slug(own.name)}", figure, f"{own.name}: {what}, and what it turned out to be."
    )


def _in_full(together: Together) -> Iterator[Block]:
    yield Heading("In full")
    if together.comparisons.post_hoc is not None and together.comparisons.omnibus is not None:
        level = together.how.level
        yield Details(
            "All sets together",
            (together.comparisons.omnibus.in_words(level), together.comparisons.post_hoc.in_words(level)),
        )
    for pair in together.comparisons.pairs:
        yield Details(f"{pair.first.name} and {pair.second.name}", tuple(pair.in_words().split("\n")))
    times = zip(together.sets, together.running_times, strict=True)
    yield Details("Running times", tuple(f"{own.name}: {time.in_words()}" for own, time in times))
    yield Details("Records", tuple(_record(own) for own in together.sets))


def _record(own: RunSet) -> str:
    config = own.record.config
    table = config.get("table") or {"name": "none"}
    return (
        f"{own.name}: `{own.record.folder}`, {config['algorithm']} by {config['fitness']} on {config['space']}, seed "
        f"{config['seed']}, {len(own)} runs of {own.budget_in_words}, table {table['name']}."
    )


def _number(together: Together, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.5g}" if together.metric == FITNESS else f"{round(value, 6) + 0.0:.3f}"


def _interval(together: Together, row: dict[str, Any], key: str) -> str:
    form = "{:.2f}".format if key == "a12" else lambda value: _number(together, value)
    ends = row[f"{key}_low"], row[f"{key}_high"]
    interval = f"{form(ends[0])} to {form(ends[1])}" if np.isfinite(ends).all() else "too few runs for an interval"
    return f"{form(row[key])} ({interval})"


def _sd(sample: Sample) -> float:
    return float(sample.values.std(ddof=1))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "set"
