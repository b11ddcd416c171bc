"""Tests of whether two sets of runs differ."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np

from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.rank_tests import EXACT_PAIRS, mann_whitney_p, quiet, wilcoxon_p
from nasbench_ga.statistics.samples import Runs, Sample, as_pair, significant, tied


def kolmogorov_smirnov(first: Runs, second: Runs) -> HypothesisTest:
    """The two-sample Kolmogorov-Smirnov test, two-sided: do two sets of runs come from one distribution?

    Its statistic is the largest distance between the two empirical distribution functions. With ties its p-value is
    too large rather than too small.

    Raises:
        NasbenchError: fewer than two runs, or one without a finite number.

    Source: Smirnov, "On the estimation of the discrepancy between empirical curves of distribution for two independent
    samples", 1939; scipy.stats.ks_2samp.
    """
    from scipy.stats import ks_2samp

    a, b = as_pair(first, second)
    with quiet():
        found = ks_2samp(a.values, b.values)
    return HypothesisTest(
        name="Kolmogorov-Smirnov test",
        symbol="D",
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        runs=(len(a), len(b)),
        question=f"{a.name} and {b.name} come from one distribution",
        shown="their distributions differ",
        not_shown="no difference of their distributions is shown, which is not to say that there is none",
        notes=_constant(a, b) or _ties(a, b, "which makes this p-value too large rather than too small"),
        smallest=2 / comb(len(a) + len(b), len(a)),
    )


def mann_whitney(first: Runs, second: Runs) -> HypothesisTest:
    """The Mann-Whitney U test, two-sided: do runs of one set tend to be higher than runs of the other?

    Its statistic U counts the pairs in which the first is the higher one, ties as half. It assumes that the
    distributions are equal if neither tends to be higher; `brunner_munzel` does not. P-values are exact up to 2500
    pairs (50 runs of each), with ties too; beyond that of the normal approximation, corrected for ties and continuity.

    Raises:
        NasbenchError: fewer than two runs, or one without a finite number.

    Source: Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the
    other", 1947; with ties: Streitberg and Roehmel, "Exact distributions for permutation and rank tests", 1986;
    scipy.stats.mannwhitneyu.
    """
    a, b = as_pair(first, second)
    statistic, p_value = mann_whitney_p(a.values, b.values)
    how = "exactly" if len(a) * len(b) <= EXACT_PAIRS else "by the normal approximation"
    notes = _constant(a, b) or _ties(a, b, f"which p allows for {how}")
    found = float(statistic), float(p_value)
    test = _rank_test(("Mann-Whitney U test", "U"), (a, b), found, found[0] - len(a) * len(b) / 2, notes)
    return replace(test, smallest=2 / comb(len(a) + len(b), len(a)))


def brunner_munzel(first: Runs, second: Runs) -> HypothesisTest:
    """The Brunner-Munzel test, two-sided: as Mann-Whitney's, of distributions that may differ in spread and shape.

    Where every run of one set is higher than every run of the other there is no variance to hold the difference
    against, and the test cannot be made.

    Raises:
        NasbenchError: fewer than two runs, or one without a finite number.

    Source: Brunner and Munzel, "The nonparametric Behrens-Fisher problem", 2000; on few runs Neubert and Brunner, "A
    studentized permutation test for the non-parametric Behrens-Fisher problem", 2007; scipy.stats.brunnermunzel.
    """
    from scipy.stats import brunnermunzel

    a, b = as_pair(first, second)
    with quiet():
        found = brunnermunzel(a.values, b.values)
    statistic, p_value, notes = 0.0 - float(found.statistic), float(found.pvalue), _constant(a, b)
    if notes:
        statistic, p_value = 0.0, 1.0
    elif not np.isfinite(p_value):
        statistic = p_value = float("nan")
        notes = ("The ranks of each set do not vary against those of the other; Mann-Whitney's test decides.",)
    elif min(len(a), len(b)) < 10:
        notes = ("With fewer than ten runs its p-value can be too small.",)
    return _rank_test(("Brunner-Munzel test", "W"), (a, b), (statistic, p_value), statistic, notes)


def wilcoxon(first: Runs, second: Runs) -> HypothesisTest:
    """The Wilcoxon signed-rank test, two-sided, of pairs: does run i of one set tend to be higher than of the other?

    For runs that share a seed (or a data set) pairwise. Its statistic is the sum of the ranks of the pairs in which
    the first is higher. Equal pairs are ranked, then left out, as Pratt has it.

    Raises:
        NasbenchError: fewer than two runs, one without a finite number, or sets of different lengths.

    Source: Wilcoxon, "Individual comparisons by ranking methods", 1945; Pratt, "Remarks on zeros and ties in the
    Wilcoxon signed rank procedures", 1959; scipy.stats.wilcoxon.
    """
    a, b = as_pair(first, second, paired=True)
    differences = significant(a.values - b.values, max(np.abs(a.values).max(), np.abs(b.values).max()))
    statistic, p_value = wilcoxon_p(differences)
    equal = int((differences == 0).sum())
    notes = (f"{equal} of {len(a)} pairs are equal.",) if equal else ()
    middle = (len(a) * (len(a) + 1) - equal * (equal + 1)) / 4
    test = _rank_test(("Wilcoxon signed-rank test", "W+"), (a, b), (statistic, p_value), statistic - middle, notes)
    return replace(test, smallest=0.5 ** (len(a) - 1))


def _rank_test(
    named: tuple[str, str],
    samples: tuple[Sample, Sample],
    found: tuple[float, float],
    direction: float,
    notes: tuple[str, ...],
) -> HypothesisTest:
    """A test of which tends to be higher; the direction is positive where the first does."""
    first, second = samples
    higher, lower = (first, second) if direction > 0 else (second, first)
    return HypothesisTest(
        name=named[0],
        symbol=named[1],
        statistic=found[0],
        p_value=found[1],
        runs=(len(first), len(second)),
        question=f"runs of {first.name} or of {second.name} tend to be higher",
        shown=f"those of {higher.name} tend to be higher than those of {lower.name}",
        not_shown="neither is shown to, which is not to say that they are the same",
        notes=notes,
    )


def _constant(first: Sample, second: Sample) -> tuple[str, ...]:
    if first.is_constant and second.is_constant and first.values[0] == second.values[0]:
        return (f"Every run of both came to {first.values[0]:.6g}: nothing differs.",)
    return ()


def _ties(first: Sample, second: Sample, consequence: str) -> tuple[str, ...]:
    count = tied(first, second)
    total = len(first) + len(second)
    return (f"{count} of {total} runs share their number with another, {consequence}.",) if count else ()
