"""What a search found, as a golden value keeps it, and in which places two outcomes differ."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench_ga.run import Result

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
"""Significant digits in which computed values agree; those of a table agree in all."""
PARTS = 10
"""Parts of a repeat of which each has a fingerprint, so that the place of a difference can be told."""

Outcome = Mapping[str, Any]
"""What one repeat found, as JSON."""


def outcome(result: Result, looked_up: bool) -> list[Outcome]:
    """What each repeat evaluated and the best of it.

    Args:
        result: of a finished study.
        looked_up: whether the fitness is a published number; then simulated seconds are kept too.

    Returns:
        One dictionary a repeat: `best_id`, `best_step` and `best_value` of its best cell (None if none has a number),
        `metrics` of that cell, `evaluations`, `numbers` (how many of them have a finite value), `mean_value` of these,
        `seconds`, and `evaluated`: fingerprints of generations, cells and genotypes, one of each tenth of them.
    """
    evaluations, metrics = result.evaluations, result.objective.reported if result.objective else ()
    outcomes: list[Outcome] = []
    for told, (_, own) in zip(result.summary.to_dict("records"), evaluations.groupby("repeat"), strict=True):
        finite = own["value"].to_numpy()[np.isfinite(own["value"])]
        outcomes.append(
            {
                "best_id": _whole(told["best_id"]),
                "best_step": _whole(told["best_step"]),
                "best_value": _number(told["best_value"]),
                "metrics": {metric: _number(told[metric]) for metric in metrics},
                "evaluations": len(own),
                "numbers": len(finite),
                "mean_value": math.fsum(finite) / len(finite) if len(finite) else None,
                "seconds": _number(told["seconds"]) if looked_up else None,
                "evaluated": " ".join(_fingerprint(part) for part in _parts(own)),
            }
        )
    return outcomes


def _parts(own: pd.DataFrame) -> Iterator[pd.DataFrame]:
    length = _length_of_part(len(own))
    return (own.iloc[start : start + length] for start in range(0, len(own), length))


def _length_of_part(evaluations: int) -> int:
    return max(1, math.ceil(evaluations / PARTS))


def _fingerprint(rows: pd.DataFrame) -> str:
    numbers = np.ascontiguousarray(rows[["step", "generation", "id"]].to_numpy(np.int64))
    genotypes = np.stack(rows["genotype"].to_list()).astype(np.int8)
    return hashlib.sha256(numbers.tobytes() + genotypes.tobytes()).hexdigest()[:8]


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _whole(value: Any) -> int | None:
    return int(value) if value is not None and np.isfinite(value) else None


def differences(before: list[Outcome], now: list[Outcome], looked_up: bool) -> list[str]:
    """In which places two outcomes of a case differ, a line each, the first place of each repeat first.

    Args:
        before: the golden one.
        now: the one of today.
        looked_up: whether values have to agree in all digits; otherwise they have to in six.
    """
    if len(before) != len(now):
        return [f"{len(before)} repeats -> {len(now)}"]
    return [
        f"repeat {repeat}: {line}"
        for repeat, (old, new) in enumerate(zip(before, now, strict=True))
        for line in (*_first_other_cells(old, new), *_other_numbers(old, new, looked_up))
    ]


def _first_other_cells(old: Outcome, new: Outcome) -> Iterator[str]:
    if old["evaluations"] != new["evaluations"]:
        yield f"evaluations {old['evaluations']} -> {new['evaluations']}"
        return
    length = _length_of_part(old["evaluations"])
    for part, pair in enumerate(zip(old["evaluated"].split(), new["evaluated"].split(), strict=False)):
        if pair[0] != pair[1]:
            first, last = part * length + 1, min((part + 1) * length, old["evaluations"])
            agree = f", the {first - 1} before them are the same" if part else ""
            yield f"other cells among evaluations {first} to {last} ({pair[0]} -> {pair[1]}){agree}"
            return


def _other_numbers(old: Outcome, new: Outcome, looked_up: bool) -> Iterator[str]:
    plain = [key for key in old if key not in ("evaluations", "evaluated", "metrics")]
    pairs = [(key, old[key], new[key], key in ("best_value", "mean_value") and not looked_up) for key in plain]
    metrics = dict.fromkeys((*old["metrics"], *new["metrics"]))
    pairs += [(metric, old["metrics"].get(metric), new["metrics"].get(metric), False) for metric in metrics]
    for key, was, is_, computed in pairs:
        if was != is_ and not (computed and was and is_ and math.isclose(was, is_, rel_tol=10.0**-DIGITS)):
            yield f"{key} {was} -> {is_}"
