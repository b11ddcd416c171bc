"""Rank correlations against their definitions and worked examples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.statistics import rank_correlation

NUMBERS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20)


@given(NUMBERS)
def test_tau_is_its_definition(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, float).T
    signs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in itertools.combinations(range(len(a)), 2)]
    untied_a, untied_b = sum(s != 0 for s, _ in signs), sum(t != 0 for _, t in signs)
    found = rank_correlation(a, b)
    if not untied_a or not untied_b:
        assert np.isnan(found.kendall)
        assert np.isnan(found.spearman)
    else:
        assert found.kendall == pytest.approx(sum(s * t for s, t in signs) / np.sqrt(untied_a * untied_b))


@given(NUMBERS)
def test_both_are_scipys(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, float).T
    found = rank_correlation(a, b)
    if not np.isnan(found.kendall):
        expected = stats.kendalltau(a, b).statistic, stats.spearmanr(a, b).statistic
        assert (found.kendall, found.spearman) == pytest.approx(expected)


def test_tuna_of_hollander_and_wolfe() -> None:
    """Lightness of tuna, 1973, page 187, as in R's help on cor.test: tau = 0.4444, rho = 0.6."""
    lightness = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
    found = rank_correlation(lightness, [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8])
    assert (found.kendall, found.spearman) == (pytest.approx(4 / 9), pytest.approx(0.6))


def test_an_example_by_hand() -> None:
    """Two of ten pairs are in the wrong order; the squares of the rank differences add up to 4."""
    found = rank_correlation([1, 2, 3, 4, 5], [20, 10, 40, 30, 50])
    assert found.kendall == pytest.approx((8 - 2) / 10)
    assert found.spearman == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert found.pairs == 5
    assert str(found) == "Kendall's tau 0.600, Spearman's rho 0.800"


def test_minus_infinity_ranks_last_and_nan_is_left_out() -> None:
    found = rank_correlation([-np.inf, 1, 2, np.nan, 4], [1, 2, 3, 4, np.nan])
    assert (found.kendall, found.spearman, found.pairs) == (pytest.approx(1), pytest.approx(1), 3)


@pytest.mark.parametrize("values", [([], []), ([1], [2]), ([1, 1], [1, 2]), ([np.nan] * 3, [1, 2, 3])])
def test_nothing_to_rank_is_nan(values: tuple[list[float], list[float]]) -> None:
    assert np.isnan(rank_correlation(*values).kendall)
