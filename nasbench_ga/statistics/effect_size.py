"""How large the difference of two sets of runs is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.statistics.rank_tests import quiet
from nasbench_ga.statistics.samples import Runs, Sample, as_pair, check_level

RESAMPLES = 2000
BATCH_NUMBERS = 4_000_000
"""Resampled runs at a time, so that thousands of runs fit in memory."""
THRESHOLDS = (("large", 0.71), ("medium", 0.64), ("small", 0.56))
"""Of A12 or 1 - A12, whichever is larger: Vargha and Delaney, 2000, table 1."""


@dataclass(frozen=True)
class EffectSize:
    """How often a run of one set is higher than a run of another.

    Attributes:
        name: of the measure.
        symbol: of the measure.
        value: 0.5 (A12) or 0 (delta) where neither tends to be higher.
        low: lower end of the bootstrap interval.
        high: its upper end.
        level: 1 - its confidence.
        probability: that a run of the first is higher than one of the second, ties as half.
        first: name of the first set.
        second: name of the second one.
        notes: sentences on what the interval cannot say.
    """

    name: str
    symbol: str
    value: float
    low: float
    high: float
    level: float
    probability: float
    first: str
    second: str
    notes: tuple[str, ...] = ()

    @property
    def magnitude(self) -> str:
        """Negligible, small, medium or large, by Vargha and Delaney's thresholds of A12."""
        larger = round(max(self.probability, 1 - self.probability), 12)
        return next((word for word, threshold in THRESHOLDS if larger >= threshold), "negligible")

    def in_words(self) -> str:
        """The number, its interval, and what they mean."""
        share, confidence = f"{100 * self.probability:.1f} %", f"{100 * (1 - self.level):.4g} %"
        said = (
            f"{self.name}: a run of {self.first} is higher than one of {self.second} {share} of the time, ties "
            f"counted half ({self.symbol} = {self.value:.3f}, {confidence} bootstrap interval {self.low:.3f} to "
            f"{self.high:.3f}): a {self.magnitude} effect."
        )
        return " ".join([said, *self.notes])


def vargha_delaney(
    first: Runs, second: Runs, *, level: float = 0.05, paired: bool = False, seed: int = 0
) -> EffectSize:
    """Vargha and Delaney's A12: the probability that a run of the first set is higher, ties as half; from 0 to 1.

    Args:
        first: runs, shape (n,).
        second: runs, shape (m,).
        level: 1 - confidence of the interval: bias-corrected and accelerated bootstrap, or percentiles where that is
            undefined.
        paired: whether run i of one belongs with run i of the other, and is drawn with it; A12 itself is of all pairs.
        seed: of the bootstrap.

    Raises:
        NasbenchError: fewer than two runs, one without a finite number, or pairs of different lengths.

    Source: Vargha and Delaney, "A critique and improvement of the CL common language effect size statistics of McGraw
    and Wong", 2000, equation 14; Efron, "Better bootstrap confidence intervals", 1987.
    """
    check_level(level)
    a, b = as_pair(first, second, paired=paired)
    ranks = _dense_ranks(a, b)
    value = float(_a12(*ranks))
    low, high = _interval(*ranks, level, paired, seed)
    notes: tuple[str, ...] = ()
    if low == high:
        notes = ("Resampling these runs changes nothing, so the interval does not tell how sure this is.",)
    return EffectSize("Vargha-Delaney effect size", "A12", value, low, high, level, value, a.name, b.name, notes)


def cliffs_delta(first: Runs, second: Runs, *, level: float = 0.05, paired: bool = False, seed: int = 0) -> EffectSize:
    """Cliff's delta: how much more often a run of the first set is higher than lower; 2 A12 - 1, from -1 to 1.

    Arguments and errors are those of `vargha_delaney`.

    Source: Cliff, "Dominance statistics: ordinal analyses to answer ordinal questions", 1993.
    """
    return as_cliffs_delta(vargha_delaney(first, second, level=level, paired=paired, seed=seed))


def as_cliffs_delta(a12: EffectSize) -> EffectSize:
    """The same effect as Cliff's delta."""
    ends = {end: 2 * getattr(a12, end) - 1 for end in ("value", "low", "high")}
    return replace(a12, name="Cliff's delta", symbol="delta", **ends)


def _dense_ranks(first: Sample, second: Sample) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both samples as whole numbers from 0 in the same order, equal ones alike."""
    _, ranks = np.unique(np.concatenate([first.values, second.values]), return_inverse=True)
    return ranks[: len(first)], ranks[len(first) :]


def _a12(first: NDArray[np.int64], second: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:
    """Of whole numbers from 0, shapes (..., n) and (..., m) to (...); counts, which takes no sort."""
    first, second = np.moveaxis(first, axis, -1), np.moveaxis(second, axis, -1)
    numbers = 1 + int(max(first.max(), second.max()))
    own, other = _counts(first, numbers), _counts(second, numbers)
    below = other.cumsum(axis=-1) - other / 2
    return np.asarray((own * below).sum(axis=-1) / (first.shape[-1] * second.shape[-1]))


def _counts(values: NDArray[np.int64], numbers: int) -> NDArray[np.int64]:
    """How often each of the numbers from 0 occurs along the last axis; shape (..., n) to (..., numbers)."""
    rows = values.reshape(-1, values.shape[-1]).astype(np.int64)
    offsets = numbers * np.arange(len(rows))[:, None]
    return np.bincount((rows + offsets).ravel(), minlength=numbers * len(rows)).reshape(*values.shape[:-1], numbers)


def _interval(
    first: NDArray[np.int64], second: NDArray[np.int64], level: float, paired: bool, seed: int
) -> tuple[float, float]:
    from scipy.stats import bootstrap

    settings: dict[str, Any] = {"n_resamples": RESAMPLES, "confidence_level": 1 - level, "paired": paired}
    settings["batch"] = max(1, min(RESAMPLES, BATCH_NUMBERS // (len(first) + len(second))))
    for method in ("BCa", "percentile"):
        with quiet():
            found = bootstrap((first, second), _a12, method=method, vectorized=True, rng=seed, **settings)
        low, high = (float(end) for end in found.confidence_interval)
        if np.isfinite(low) and np.isfinite(high):
            break
    return low, high
