"""One row a repeat: what it found, what that is worth, and what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench_ga.rows import Rows
from nasbench_ga.spaces import Space
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
    if table is not None and objective is not None:
        for metric in objective.reported:
            value = float(table.lookup(rows.id[best : best + 1], metric)[0])
            summary[metric] = _json_number(value)
            summary[f"regret {metric}"] = _json_number(table.best(metric)[1] - value)
            summary[f"rank {metric}"] = None if np.isnan(value) else table.rank(summary["best_id"], metric)
    return summary


def _json_number(value: float) -> float | None:
    """A float as JSON has it: None for what is not a number."""
    return float(value) if np.isfinite(value) else None
