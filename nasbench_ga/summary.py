"""One row a repeat: what it found, what that is worth, and what it cost; and one a cycle of what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench_ga.rows import PREDICTED, Rows
from nasbench_ga.spaces import Space
from nasbench_ga.statistics import rank_correlation
from nasbench_ga.tables import Objective, Table


def summarise(rows: Rows, space: Space, table: Table | None, objective: Objective | None) -> list[dict[str, Any]]:
    """The summary of a study, as JSON: one dictionary a repeat.

    The best cell of a repeat is the first that reached its highest fitness; every other number is that cell's. A repeat
    without any number has no best cell.

    Args:
        rows: all evaluations, by repeat and step.
        space: of the cells.
        table: where to look the reported metrics up, None if there is none.
        objective: which metrics to report, None without a table.
    """
    return [_repeat(own, space, table, objective) for own in rows.by_repeat()]


def _repeat(rows: Rows, space: Space, table: Table | None, objective: Objective | None) -> dict[str, Any]:
    best = int(np.argmax(np.where(np.isnan(rows.value), -np.inf, rows.value)))
    summary: dict[str, Any] = {
        "repeat": int(rows.repeat[0]),
        "evaluations": len(rows),
        "unique_cells": len(np.unique(rows.id)),
        "seconds": _json_number(rows.seconds.sum()),
        "best_value": _json_number(rows.value[best]),
    }
    if summary["best_value"] is None:
        return summary | dict.fromkeys(("best_step", "best_id", "best_cell"))
    summary["best_step"] = int(rows.step[best])
    summary["best_id"] = int(rows.id[best])
    summary["best_cell"] = str(space.decode(rows.genotype[best]))
    known = rows.without(PREDICTED).extras
    summary |= {name: _json_number(values[best]) for name, values in known.items()}
    if table is not None and objective is not None:
        for metric in objective.reported:
            value = float(table.lookup(rows.id[best : best + 1], metric)[0])
            summary[metric] = _json_number(value)
            summary[f"regret {metric}"] = _json_number(table.best(metric)[1] - value)
            summary[f"rank {metric}"] = None if np.isnan(value) else table.rank(summary["best_id"], metric)
    return summary


def summarise_cycles(rows: Rows, logs: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What a search said of each time that it asked, and how well it predicted what came out, as JSON.

    Args:
        rows: all evaluations, by repeat and step.
        logs: what the search of each repeat said of each time that it asked (`Search.log`).

    Returns:
        One dictionary a repeat and cycle, which is a generation of the rows; Kendall's tau, Spearman's rho and the mean
        absolute error are of predictions and fitness of the cells evaluated in it, None where there is nothing to
        compare.
    """
    return [
        {"repeat": int(own.repeat[0]), "cycle": cycle, **_plain(said), **_prediction(own, cycle)}
        for own in rows.by_repeat()
        for cycle, said in enumerate(logs[int(own.repeat[0])])
    ]


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same as JSON has it: numpy's numbers as Python's, None for what is not a number."""
    own = {key: value.item() if isinstance(value, np.generic) else value for key, value in said.items()}
    return {key: _json_number(value) if isinstance(value, float) else value for key, value in own.items()}


def _prediction(rows: Rows, cycle: int) -> dict[str, Any]:
    own = rows.generation == cycle
    told: dict[str, Any] = {"evaluations": int(own.sum())}
    if PREDICTED in rows.extras:
        predicted, value = rows.extras[PREDICTED][own], rows.value[own]
        correlation, error = rank_correlation(predicted, value), np.abs(predicted - value)
        known = error[np.isfinite(error)]
        told["kendall"], told["spearman"] = _json_number(correlation.kendall), _json_number(correlation.spearman)
        told["mean_absolute_error"] = _json_number(known.mean()) if len(known) else None
    return told


def _json_number(value: float) -> float | None:
    """A float as JSON has it: None for what is not a number."""
    return float(value) if np.isfinite(value) else None
