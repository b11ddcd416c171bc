"""P-values of rank tests of plain arrays, exact where they can be."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

EXACT_PAIRS = 50 * 50
"""Up to so many pairs, as of 50 runs of each, the p-value of Mann-Whitney's test is exact."""

EXACT_TIED_PAIRS = 10 * 10
"""The same for many tests at once, of runs with ties: each of them has a distribution of its own to count."""

Alternative: TypeAlias = Literal["two-sided", "less", "greater"]
MIRRORED: dict[Alternative, Alternative] = {"two-sided": "two-sided", "less": "greater", "greater": "less"}


def mann_whitney_p(
    first: NDArray[np.float64], second: NDArray[np.float64], alternative: Alternative = "two-sided"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """U and p-value of Mann-Whitney's test of arrays of shapes (..., n) and (..., m), each of shape (...)."""
    from scipy.stats import mannwhitneyu

    pooled = np.sort(np.concatenate([first, second], axis=-1), axis=-1)
    ties = bool(np.any(pooled[..., 1:] == pooled[..., :-1]))
    pairs = first.shape[-1] * second.shape[-1]
    counted = ties and pairs <= (EXACT_PAIRS if first.ndim == 1 else EXACT_TIED_PAIRS)
    method: Literal["exact", "asymptotic"] = "asymptotic" if ties or pairs > EXACT_PAIRS else "exact"
    with quiet():
        found = mannwhitneyu(first, second, alternative=alternative, axis=-1, method=method)
    p_values = np.nan_to_num(np.asarray(found.pvalue), nan=1.0)
    if counted:
        tests = zip(first.reshape(-1, first.shape[-1]), second.reshape(-1, second.shape[-1]), strict=True)
        p_values = np.array([_exact_with_ties(a, b, alternative) for a, b in tests]).reshape(p_values.shape)
    return np.asarray(found.statistic), p_values


def wilcoxon_p(differences: NDArray[np.float64], alternative: Alternative = "two-sided") -> tuple[float, float]:
    """The sum of positive ranks and the p-value of Wilcoxon's test of differences, shape (n,), as Pratt has zeros."""
    from scipy import stats

    if not differences.any():
        return 0.0, 1.0
    ranks = stats.rankdata(np.abs(differences))
    with quiet():
        p_value = stats.wilcoxon(differences, zero_method="pratt", alternative=alternative).pvalue
    return float(ranks[differences > 0].sum()), float(p_value)


def rank_sum_limit(n: int, m: int, level: float) -> int:
    """How many values of Mann-Whitney's U, from 0, are rejected on either side; of n and m runs without ties."""
    if n * m <= EXACT_PAIRS:
        return _rejected(_rank_sums(np.arange(1, n + m + 1), min(n, m))[min(n, m) * (min(n, m) + 1) // 2 :], level)
    return _rejected_about(n * m / 2, n * m * (n + m + 1) / 12, level)


def signed_rank_limit(n: int, level: float) -> int:
    """The same of Wilcoxon's sum of positive ranks, of n pairs without ties."""
    if n * n <= EXACT_PAIRS:
        share = np.ones(1)
        for rank in range(1, n + 1):
            share = (np.pad(share, (0, rank)) + np.pad(share, (rank, 0))) / 2
        return _rejected(share, level)
    return _rejected_about(n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24, level)


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings: what they would say is in the notes of a test."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _exact_with_ties(first: NDArray[np.float64], second: NDArray[np.float64], alternative: Alternative) -> float:
    """The p-value of Mann-Whitney's test, of all ways to divide the runs."""
    from scipy.stats import rankdata

    if len(first) > len(second):
        return _exact_with_ties(second, first, MIRRORED[alternative])
    doubled = (2 * rankdata(np.concatenate([first, second]))).astype(np.int64)
    share, own = _rank_sums(doubled, len(first)), int(doubled[: len(first)].sum())
    below, above = float(share[: own + 1].sum()), float(share[own:].sum())
    p_values = {"less": below, "greater": above, "two-sided": 2 * min(below, above)}
    return min(p_values[alternative], 1.0)


def _rank_sums(ranks: NDArray[np.int64], drawn: int) -> NDArray[np.float64]:
    """The share of all ways to draw so many of the ranks that have each sum, from 0.

    Counted by the shift algorithm of Streitberg and Roehmel.
    """
    highest = int(np.sort(ranks)[-drawn:].sum())
    ways = np.zeros((drawn + 1, highest + 1))  # (ranks drawn, their sum)
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : highest + 1 - rank]
    return ways[-1] / ways[-1].sum()


def _rejected(share: NDArray[np.float64], level: float) -> int:
    """How many of the lowest values of a statistic have a two-sided p-value of at most the level."""
    return int((2 * share.cumsum() <= level * (1 + 1e-9)).sum())


def _rejected_about(mean: float, variance: float, level: float) -> int:
    """The same by the normal approximation, corrected for continuity."""
    from scipy.stats import norm

    return max(0, int(np.floor(mean - norm.isf(level / 2) * np.sqrt(variance) + 0.5)))
