"""Equivalence: what shows that runs are the same within a margin, and what does not."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import equivalent

pytestmark = pytest.mark.filterwarnings("error")

TENTHS = st.lists(st.integers(-9, 9).map(lambda value: value / 10), min_size=3, max_size=8)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_worse_of_two_one_sided_tests(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=10), rng.normal(0.3, 1, size=10)
    above = stats.mannwhitneyu(a + 0.9, b, alternative="greater", method="exact").pvalue
    below = stats.mannwhitneyu(a - 0.9, b, alternative="less", method="exact").pvalue
    assert equivalent(a, b, 0.9).p_value == pytest.approx(max(above, below))
    above = stats.wilcoxon(a - b + 0.9, alternative="greater").pvalue
    below = stats.wilcoxon(a - b - 0.9, alternative="less").pvalue
    assert equivalent(a, b, 0.9, paired=True).p_value == pytest.approx(max(above, below))


def test_sleep_of_toster() -> None:
    """Of the vignette of R's TOSTER: W = 34 and 20, p = 0.89385308 and 0.01287404 by the normal approximation."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = equivalent(first, second, 0.5)
    assert found.statistic == 34
    assert found.p_value == pytest.approx(0.89385308, abs=0.003)
    assert not found.rejects()
    turned = equivalent(second, first, 0.5)
    assert (turned.statistic, turned.p_value) == (100 - 34, pytest.approx(found.p_value))
    by_approximation = stats.mannwhitneyu(np.round(np.array(first) + 0.5, 9), second, alternative="greater")
    assert by_approximation.pvalue == pytest.approx(0.89385308, abs=1e-8)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_runs_that_all_find_the_optimum(n: int) -> None:
    """All of one are above all of the other once shifted: one way of dividing the runs out of all."""
    found = equivalent([94.37] * n, [94.37] * n, 0.1)
    assert found.p_value == pytest.approx(1 / comb(2 * n, n))
    assert found.smallest == pytest.approx(found.p_value)
    assert found.rejects() == (n > 2)
    assert "the same within 0.1" in found.in_words()


def test_a_difference_of_just_the_margin_is_not_the_same() -> None:
    """0.3 - 0.2 is less than 0.1 in binary; that must decide nothing."""
    for a, b in ((0.3, 0.2), (0.7, 0.6), (94.3, 94.2)):
        assert equivalent([a] * 8, [b] * 8, 0.1).p_value == 1
        assert equivalent([a] * 8, [b] * 8, 0.1, paired=True).p_value == 1


def test_few_scattered_runs_show_neither_difference_nor_sameness() -> None:
    found = equivalent([1, 5, 9], [2, 4, 10], 1)
    assert not found.rejects()
    assert found.in_words(0.1).endswith("that is not shown, which is not to say that they differ.")


@given(TENTHS, TENTHS)
def test_symmetry_and_a_wider_margin(a: list[float], b: list[float]) -> None:
    narrow = equivalent(a, b, 0.35)
    assert equivalent(b, a, 0.35).p_value == pytest.approx(narrow.p_value)
    assert 0 <= equivalent(a, b, 0.7).p_value <= narrow.p_value + 1e-12


@pytest.mark.parametrize("margin", [0, -1, float("nan"), float("inf")])
def test_a_margin_is_positive(margin: float) -> None:
    with pytest.raises(NasbenchError, match="positive margin"):
        equivalent([1, 2], [1, 2], margin)
