"""Which sets of runs differ, after a test has shown that some do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.statistics.average_ranks import average_ranks, rank_deviation
from nasbench_ga.statistics.holm import holm
from nasbench_ga.statistics.hypothesis_test import at_most
from nasbench_ga.statistics.samples import Runs, as_samples, check_level


@dataclass(frozen=True)
class PostHoc:
    """The p-values of all pairs, corrected for their number.

    Attributes:
        name: of the test.
        names: of the k sets.
        ranks: float64, shape (k,): the mean rank of each set, 1 for the lowest.
        p_values: float64, shape (k, k), symmetric, 1 on the diagonal.
    """

    name: str
    names: tuple[str, ...]
    ranks: NDArray[np.float64]
    p_values: NDArray[np.float64]

    def different(self, level: float = 0.05) -> list[tuple[str, str]]:
        """The pairs that differ at this level, each with the higher one first."""
        check_level(level)
        pairs = [pair for pair in combinations(range(len(self.names)), 2) if at_most(self.p_values[pair], level)]
        ordered = [(i, j) if self.ranks[i] > self.ranks[j] else (j, i) for i, j in pairs]
        return [(self.names[i], self.names[j]) for i, j in ordered]

    def in_words(self, level: float = 0.05) -> str:
        """The pairs that differ at this level, and that the others are not shown to."""
        different, total = self.different(level), len(self.names) * (len(self.names) - 1) // 2
        if not different:
            return f"{self.name}: of {total} pairs none is shown to differ at level {level:g}."
        listed = "; ".join(
            f"{high} is higher than {low} (p = {self.p_values[self.names.index(high), self.names.index(low)]:.3g})"
            for high, low in different
        )
        return f"{self.name}: of {total} pairs {len(different)} differ at level {level:g}: {listed}."


def dunn(runs: Mapping[str, Runs]) -> PostHoc:
    """Dunn's test of all pairs, after Kruskal and Wallis, with Holm's correction.

    Args:
        runs: a name and runs, shape (n,), for each of at least two sets; n may differ.

    Raises:
        NasbenchError: fewer than two sets or runs, or a run without a finite number.

    Source: Dunn, "Multiple comparisons using rank sums", 1964, with its correction for ties.
    """
    from scipy.stats import norm, rankdata

    samples = as_samples(runs, at_least=2)
    sizes = np.array([len(sample) for sample in samples])
    together = np.concatenate([sample.values for sample in samples])
    ranks = np.array([part.mean() for part in np.split(rankdata(together), sizes.cumsum()[:-1])])
    total, ties = len(together), np.unique(together, return_counts=True)[1].astype(np.float64)
    variance = total * (total + 1) / 12 - (ties**3 - ties).sum() / (12 * (total - 1))
    pairs = np.triu_indices(len(samples), 1)
    deviation = np.sqrt(max(variance, 0) * (1 / sizes[pairs[0]] + 1 / sizes[pairs[1]]))
    distance = np.abs(ranks[pairs[0]] - ranks[pairs[1]])
    z = np.divide(distance, deviation, out=np.zeros(len(distance)), where=deviation > 0)
    return _post_hoc("Dunn's test with Holm's correction", runs, ranks, holm(np.minimum(2 * norm.sf(z), 1)))


def nemenyi(runs: Mapping[str, Runs]) -> PostHoc:
    """Nemenyi's test of all pairs, after Friedman, of runs that belong together by seed or data set.

    The studentized range corrects for the number of pairs. What it says of two sets depends on which others are there
    (Benavoli, Corani and Mangili, "Should we really use post-hoc tests based on mean-ranks?", 2016); `compare_all`
    with `paired` has Wilcoxon's tests of each pair, with Holm's correction, instead.

    Args:
        runs: a name and runs, shape (n,), for each of at least two sets; run i of one belongs with run i of all.

    Raises:
        NasbenchError: fewer than two sets or runs, sets of different lengths, or a run without a finite number.

    Source: Nemenyi, "Distribution-free multiple comparisons", 1963; Demsar, 2006, section 3.2.2.
    """
    from scipy.stats import studentized_range

    found = average_ranks(runs, higher_is_better=False)
    ranks = np.array([found.ranks[found.names.index(name)] for name in runs])
    first, second = np.triu_indices(len(ranks), 1)
    z = np.abs(ranks[first] - ranks[second]) / rank_deviation(len(ranks), found.blocks)
    p_values = np.clip(studentized_range.sf(z * np.sqrt(2), len(ranks), np.inf), 0, 1)
    return _post_hoc("Nemenyi's test", runs, ranks, p_values)


def _post_hoc(
    name: str, runs: Mapping[str, Runs], ranks: NDArray[np.float64], p_values: NDArray[np.float64]
) -> PostHoc:
    """Spreads the p-values of the upper triangle over both."""
    square = np.eye(len(ranks))
    square[np.triu_indices(len(ranks), 1)] = p_values
    return PostHoc(name, tuple(runs), ranks, np.maximum(square, square.T))
