"""Tests of whether any of many sets of runs differs from the others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.rank_tests import quiet
from nasbench_ga.statistics.samples import Runs, Sample, as_samples


def kruskal_wallis(runs: Mapping[str, Runs]) -> HypothesisTest:
    """The Kruskal-Wallis test: do all sets of runs come from one distribution?

    Its statistic H is corrected for ties; its p-value is of the chi-square approximation.

    Args:
        runs: a name and runs, shape (n,), for each of at least two sets; n may differ.

    Raises:
        NasbenchError: fewer than two sets or runs, or a run without a finite number.

    Source: Kruskal and Wallis, "Use of ranks in one-criterion variance analysis", 1952; scipy.stats.kruskal.
    """
    from scipy.stats import kruskal

    samples = as_samples(runs, at_least=2)
    with quiet():
        found = kruskal(*(sample.values for sample in samples))
    return _test("Kruskal-Wallis test", "H", samples, float(found.statistic), float(found.pvalue))


def friedman(runs: Mapping[str, Runs]) -> HypothesisTest:
    """The Friedman test of runs that belong together by seed or data set: does any set tend to rank higher?

    Its statistic is corrected for ties; its p-value is of the chi-square approximation, which is careful (too large
    rather than too small) for few runs.

    Args:
        runs: a name and runs, shape (n,), for each of at least three sets; run i of one belongs with run i of all.

    Raises:
        NasbenchError: fewer than three sets, fewer than two runs, sets of different lengths, or a run without a finite
            number.

    Source: Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of variance",
    1937; Demsar, "Statistical comparisons of classifiers over multiple data sets", 2006, section 3.2.2;
    scipy.stats.friedmanchisquare.
    """
    from scipy.stats import friedmanchisquare

    samples = as_samples(runs, at_least=3, paired=True)
    with quiet():
        found = friedmanchisquare(*(sample.values for sample in samples))
    return _test("Friedman test", "chi-square", samples, float(found.statistic), float(found.pvalue))


def _test(name: str, symbol: str, samples: list[Sample], statistic: float, p_value: float) -> HypothesisTest:
    notes: tuple[str, ...] = ()
    if np.isnan(p_value):
        statistic, p_value, notes = 0.0, 1.0, ("No run differs from those that it is ranked with.",)
    return HypothesisTest(
        name=name,
        symbol=symbol,
        statistic=statistic,
        p_value=p_value,
        runs=tuple(len(sample) for sample in samples),
        question=f"any of {', '.join(sample.name for sample in samples)} tends to be higher or lower than the others",
        shown="at least one does",
        not_shown="none is shown to, which is not to say that they are the same",
        notes=notes,
    )
