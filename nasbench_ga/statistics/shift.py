"""How far apart two sets of runs lie, in their own unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench_ga.statistics.rank_tests import rank_sum_limit, signed_rank_limit
from nasbench_ga.statistics.samples import Runs, as_pair, check_level, significant


@dataclass(frozen=True)
class Shift:
    """By how much runs of one set are higher than runs of another.

    Attributes:
        value: the median of the differences; below 0 where the first set is the lower one.
        low: lower end of the interval; minus infinity where so few runs give none.
        high: its upper end; infinity where so few runs give none.
        level: 1 - its confidence.
        first: name of the first set.
        second: name of the second one.
    """

    value: float
    low: float
    high: float
    level: float
    first: str
    second: str

    def in_words(self) -> str:
        """The number, its interval, and what they are of."""
        confidence = f"{100 * (1 - self.level):.4g} %"
        if np.isfinite(self.low):
            limits = f"{confidence} interval {self.low:.4g} to {self.high:.4g}"
        else:
            limits = f"so few runs have no {confidence} interval"
        side = "below" if self.value < 0 else "above"
        return (
            f"Hodges-Lehmann shift: a run of {self.first} lies {abs(self.value):.4g} {side} one of {self.second}, in "
            f"the median ({limits})."
        )


def hodges_lehmann(first: Runs, second: Runs, *, level: float = 0.05, paired: bool = False) -> Shift:
    """The Hodges-Lehmann estimate of the shift between two sets of runs, which goes with the rank tests.

    It is the median of the differences of all pairs of a run of the first and one of the second; of paired runs that
    of the means of every two differences (and of each with itself). The interval holds the shifts that the test of
    runs without ties does not reject: Mann-Whitney's, or Wilcoxon's of pairs. It is exact up to 2500 pairs, or 50 of
    paired runs, beyond that by the normal approximation. The bootstrap of a difference of medians, which might be
    asked for instead, fails for runs that share their numbers.

    Args:
        first: runs, shape (n,).
        second: runs, shape (m,); n × m differences are held in memory.
        level: 1 - confidence of the interval.
        paired: whether run i of one belongs with run i of the other.

    Raises:
        NasbenchError: fewer than two runs, one without a finite number, or pairs of different lengths.

    Source: Hodges and Lehmann, "Estimates of location based on rank tests", 1963; the interval: Lehmann,
    "Nonparametric confidence intervals for a shift parameter", 1963.
    """
    check_level(level)
    a, b = as_pair(first, second, paired=paired)
    if paired:
        pairs = a.values - b.values
        differences = (np.add.outer(pairs, pairs) / 2)[np.triu_indices(len(a))]
        limit = signed_rank_limit(len(a), level)
    else:
        differences = np.subtract.outer(a.values, b.values).ravel()
        limit = rank_sum_limit(len(a), len(b), level)
    ascending = np.sort(significant(differences, max(np.abs(a.values).max(), np.abs(b.values).max())))
    low, high = (ascending[limit - 1], ascending[-limit]) if limit else (-np.inf, np.inf)
    return Shift(float(np.median(ascending)), float(low), float(high), level, a.name, b.name)
