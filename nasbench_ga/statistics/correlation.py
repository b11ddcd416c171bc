"""How well one number ranks what another one measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class RankCorrelation:
    """Agreement of two rankings, from -1 to 1; NaN where there is nothing to rank.

    Attributes:
        kendall: Kendall's tau-b.
        spearman: Spearman's rho.
        pairs: how many pairs of numbers it is of.
    """

    kendall: float
    spearman: float
    pairs: int

    def __str__(self) -> str:
        if np.isnan(self.kendall):
            return "no rank correlation (fewer than two different numbers)"
        return f"Kendall's tau {self.kendall:.3f}, Spearman's rho {self.spearman:.3f}"


def rank_correlation(first: ArrayLike, second: ArrayLike) -> RankCorrelation:
    """The rank correlations of two numbers of the same things, each shape (n,).

    Pairs with a NaN are left out; minus infinity ranks last.
    """
    from scipy.stats import kendalltau, rankdata, spearmanr

    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = rankdata(a[both]), rankdata(b[both])
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return RankCorrelation(float("nan"), float("nan"), len(a))
    return RankCorrelation(float(kendalltau(a, b).statistic), float(spearmanr(a, b).statistic), len(a))
