"""Two-sample tests against scipy, worked examples, and what must hold of any runs."""

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import Sample, brunner_munzel, kolmogorov_smirnov, mann_whitney, wilcoxon

pytestmark = pytest.mark.filterwarnings("error")

RUNS = st.lists(st.integers(-4, 4), min_size=2, max_size=9)
PAIRS = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=9)
UNPAIRED = (kolmogorov_smirnov, mann_whitney, brunner_munzel)
ALL = (*UNPAIRED, wilcoxon)


def untied(seed: int, n: int = 12, m: int = 15) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(0.8, 2, size=m)


@pytest.mark.parametrize("seed", range(4))
def test_each_is_scipys(seed: int) -> None:
    a, b = untied(seed)
    assert mann_whitney(a, b).p_value == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)
    assert mann_whitney(a, b).statistic == stats.mannwhitneyu(a, b).statistic
    assert kolmogorov_smirnov(a, b).p_value == pytest.approx(stats.ks_2samp(a, b).pvalue)
    assert kolmogorov_smirnov(a, b).statistic == pytest.approx(stats.ks_2samp(a, b).statistic)
    assert brunner_munzel(a, b).p_value == pytest.approx(stats.brunnermunzel(a, b).pvalue)
    assert wilcoxon(a, b[:12]).p_value == pytest.approx(stats.wilcoxon(a, b[:12]).pvalue)


@pytest.mark.parametrize("seed", range(4))
def test_each_is_scipys_with_ties(seed: int) -> None:
    a, b = (np.round(values) for values in untied(seed, 12, 12))
    assert kolmogorov_smirnov(a, b).p_value == pytest.approx(stats.ks_2samp(a, b).pvalue)
    assert brunner_munzel(a, b).p_value == pytest.approx(stats.brunnermunzel(a, b).pvalue)
    few = stats.mannwhitneyu(a[:5], b[:6], method=stats.PermutationMethod(n_resamples=np.inf))
    assert mann_whitney(a[:5], b[:6]).p_value == pytest.approx(few.pvalue)
    assert (a == b).any()
    assert wilcoxon(a, b).p_value == pytest.approx(stats.wilcoxon(a, b, zero_method="pratt").pvalue)


@pytest.mark.parametrize(("n", "m"), [(3, 60), (60, 3), (2, 300), (49, 51)])
def test_few_runs_against_many_are_exact(n: int, m: int) -> None:
    """The normal approximation gives 0.004 for 3 separated runs and 60, which are one of 39711 ways to divide them."""
    assert mann_whitney(np.arange(n), np.arange(m) + n).p_value == pytest.approx(2 / comb(n + m, n))
    a, b = untied(0, n, m)
    assert mann_whitney(a, b).p_value == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)
    twice = (np.array([-5.0, *a]), np.array([-5.0, *b]))
    assert mann_whitney(*twice).p_value == pytest.approx(mann_whitney(*twice[::-1]).p_value)
    assert mann_whitney(*twice).p_value == pytest.approx(stats.mannwhitneyu(*twice).pvalue, abs=0.05)


def test_mann_whitney_of_mehta_and_patel() -> None:
    """Blood pressure, with ties: manual of StatXact 5, 2001, page 229, one-sided p = 0.0542; R's bloodp."""
    treated, control = [94, 108, 110, 90], [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88]
    assert mann_whitney(treated, control).p_value == pytest.approx(2 * 0.0542, abs=1e-4)


def test_beyond_fifty_runs_it_is_the_normal_approximation() -> None:
    a, b = untied(0, 60, 60)
    assert mann_whitney(a, b).p_value == pytest.approx(stats.mannwhitneyu(a, b, method="asymptotic").pvalue)


def test_mann_whitney_of_hollander_and_wolfe() -> None:
    """Permeability constants of the placental membrane, 1973, page 69: U = 35, one-sided p = 0.1272."""
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    found = mann_whitney(term, [1.15, 0.88, 0.90, 0.74, 1.21])
    assert found.statistic == 35
    assert found.p_value == pytest.approx(2 * 0.1272, abs=1e-4)


def test_wilcoxon_of_hollander_and_wolfe() -> None:
    """Depression before and after, 1973, page 29: V = 40, one-sided p = 0.01953."""
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = wilcoxon(before, after)
    assert found.statistic == 40
    assert found.p_value == pytest.approx(2 * 0.01953, abs=1e-5)
    assert found.shown == "those of the first tend to be higher than those of the second"


def test_brunner_munzel_of_the_paper() -> None:
    """Pain scores of Brunner and Munzel, 2000: W = 3.137, p = 0.0058, the second higher."""
    found = brunner_munzel([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1], [3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4])
    assert found.statistic == pytest.approx(-3.1374674823)
    assert found.p_value == pytest.approx(0.0057862087)
    assert found.shown == "those of the second tend to be higher than those of the first"


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 5), (10, 10)])
def test_separated_runs_have_the_smallest_p_value(n: int, m: int) -> None:
    a, b = np.arange(n), np.arange(m) + 100
    assert mann_whitney(a, b).statistic == 0
    assert mann_whitney(a, b).p_value == pytest.approx(2 / comb(n + m, n))
    assert kolmogorov_smirnov(a, b).statistic == 1
    assert kolmogorov_smirnov(a, b).p_value == pytest.approx(2 / comb(n + m, n))
    assert np.isnan(brunner_munzel(a, b).p_value)
    assert not brunner_munzel(a, b).rejects()
    assert "could not be made" in brunner_munzel(a, b).in_words()


@given(st.lists(st.integers(0, 3), min_size=2, max_size=5), st.lists(st.integers(0, 3), min_size=2, max_size=5))
def test_mann_whitney_is_exact_with_ties(a: list[int], b: list[int]) -> None:
    """Twice the smaller share of all ways to divide the runs in which U is as small, or as large."""
    ranks, own = stats.rankdata([*a, *b]), mann_whitney(a, b)
    sums = np.array([sum(drawn) for drawn in itertools.combinations(ranks, len(a))])
    mine = ranks[: len(a)].sum()
    assert own.p_value == pytest.approx(min(1, 2 * min((sums <= mine).mean(), (sums >= mine).mean())))


@pytest.mark.parametrize("test", UNPAIRED)
@given(a=RUNS, b=RUNS)
def test_which_comes_first_makes_no_difference(test, a: list[int], b: list[int]) -> None:
    there, back = test(a, b), test(b, a)
    assert there.p_value == pytest.approx(back.p_value, nan_ok=True)
    assert np.isnan(there.p_value) or 0 <= there.p_value <= 1


@pytest.mark.parametrize("test", UNPAIRED)
@given(a=RUNS, b=RUNS)
def test_only_ranks_matter(test, a: list[int], b: list[int]) -> None:
    own, cubed = test(a, b), test(np.array(a) ** 3.0 * 2 + 5, np.array(b) ** 3.0 * 2 + 5)
    assert own.p_value == pytest.approx(cubed.p_value, nan_ok=True)
    assert own.statistic == pytest.approx(cubed.statistic, nan_ok=True)


@settings(max_examples=30)
@given(PAIRS)
def test_pairs_can_be_turned_shifted_and_stretched(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, float).T
    found = wilcoxon(a, b)
    assert 0 <= found.p_value <= 1
    assert wilcoxon(b, a).p_value == pytest.approx(found.p_value)
    assert wilcoxon(a / 10 + 0.7, b / 10 + 0.7).p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize("test", ALL)
def test_runs_without_any_difference(test) -> None:
    found = test([94.37] * 4, [94.37] * 4)
    assert found.p_value == 1
    assert "above 0.05" in found.in_words()
    assert "94.37: nothing differs" in found.in_words() or "4 of 4 pairs are equal" in found.in_words()


@pytest.mark.parametrize("test", ALL)
@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([1.0], "at least two runs of the first, got 1"),
        ([], "at least two runs of the first, got 0"),
        ([1.0, float("nan"), 2.0], "got nan of run 1"),
        ([1.0, None], "got nan of run 1"),
        ([1.0, float("-inf")], "got -inf of run 1"),
        ([[1.0, 2.0]], r"got shape \(1, 2\)"),
        (["high", "low"], "one number a run"),
    ],
)
def test_what_is_no_set_of_runs_is_a_sentence(test, runs, said: str) -> None:
    with pytest.raises(NasbenchError, match=said):
        test(runs, [1.0, 2.0])


def test_pairs_of_different_lengths_are_a_sentence() -> None:
    with pytest.raises(NasbenchError, match=r"as many runs of each.*got 2 of genetic, 3 of random"):
        wilcoxon(Sample("genetic", [1, 2]), Sample("random", [1, 2, 3]))


@pytest.mark.parametrize(("test", "n", "smallest"), [(mann_whitney, 3, "0.1"), (wilcoxon, 5, "0.0625")])
def test_too_few_runs_for_any_difference_are_told(test, n: int, smallest: str) -> None:
    found = test(np.arange(n), np.arange(n) * 2 + 10)
    assert found.p_value == pytest.approx(found.smallest)
    assert found.in_words().endswith(f"So few runs cannot give less than p = {smallest}.")
    assert "So few" not in found.in_words(0.2)
    assert "So few" not in test(np.arange(n + 1), np.arange(n + 1) * 2 + 10).in_words()


def test_words() -> None:
    found = mann_whitney(Sample("genetic", [1, 2, 3, 4, 5]), Sample("random", [6, 7, 8, 9, 10, 10]))
    assert found.in_words() == (
        "Mann-Whitney U test of whether runs of genetic or of random tend to be higher (n = 5 and 6): U = 0, "
        "p = 0.00433, at most 0.05: those of random tend to be higher than those of genetic. 2 of 11 runs share their "
        "number with another, which p allows for exactly."
    )
    assert "above 0.001: neither is shown to, which is not to say that they are the same" in found.in_words(0.001)
    with pytest.raises(NasbenchError, match="level of significance between 0 and 1, got 5"):
        found.in_words(5)
