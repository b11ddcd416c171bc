"""One row a repeat: what it found, what that is worth, and what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.rows import Rows
from nasbench_ga.spaces import Space
from nasbench_ga.tables import Protocol, Table


def summarise(rows: Rows, space: Space, table: Table | None, protocol: Protocol | None) -> list[dict[str, Any]]:
    """The summary of a study, as JSON: one dictionary a repeat.

    The best cell of a repeat is the first that reached its highest fitness; every other number is that cell's.

    Args:
        rows: all evaluations, by repeat and step.
        space: of the cells.
        table: where to look the reported metrics up, None if there is none.
        protocol: which metrics to report, None without a table.
    """
    return [_repeat(rows.take(own), space, table, protocol) for own in _by_repeat(rows.repeat)]


def _by_repeat(repeat: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    starts = np.flatnonzero(np.diff(repeat, prepend=-1))
    return np.split(np.arange(len(repeat)), starts[1:])


def _repeat(rows: Rows, space: Space, table: Table | None, protocol: Protocol | None) -> dict[str, Any]:
    best = int(np.argmax(np.where(np.isnan(rows.value), -np.inf, rows.value)))
    summary: dict[str, Any] = {
        "repeat": int(rows.repeat[0]),
        "evaluations": len(rows),
        "unique_cells": len(np.unique(rows.id)),
        "seconds": number(rows.seconds.sum()),
        "best_step": int(rows.step[best]),
        "best_id": int(rows.id[best]),
        "best_cell": str(space.decode(rows.genotype[best])),
        "best_value": number(rows.value[best]),
    }
    if table is not None and protocol is not None:
        for metric in reported(protocol):
            value = float(table.lookup(rows.id[best : best + 1], metric)[0])
            summary[metric] = number(value)
            summary[f"regret {metric}"] = number(table.best(metric)[1] - value)
    return summary


def reported(protocol: Protocol) -> list[str]:
    """The metrics that a summary reports: search, validation, test, each once."""
    return list(dict.fromkeys(filter(None, (protocol.search, protocol.validation, protocol.test))))


def number(value: float) -> float | None:
    """A float as JSON has it: None for what is not a number."""
    return float(value) if np.isfinite(value) else None
