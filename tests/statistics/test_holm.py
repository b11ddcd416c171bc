"""Holm's correction against published examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import holm

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def test_demsar() -> None:
    """2006, section 3.2.2: of p = 0.016, 0.019 and 0.607 the first two are rejected at 0.05, the third is not."""
    assert holm([0.016, 0.019, 0.607]) == pytest.approx([0.048, 0.048, 0.607])


def test_four_hypotheses() -> None:
    """The example of Wikipedia's "Holm-Bonferroni method": at 0.05 H4 and H1 are rejected, H2 and H3 are not."""
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert (adjusted <= 0.05).tolist() == [True, False, False, True]


@pytest.mark.parametrize("n", [1, 2, 7, 15])
def test_it_is_that_of_statsmodels(n: int) -> None:
    p_values = np.random.default_rng(n).random(n) ** 3
    for own in (p_values, p_values.round(1)):
        assert holm(own) == pytest.approx(multipletests(own, method="holm")[1])


@given(P_VALUES)
def test_bounds_and_order(p_values: list[float]) -> None:
    p, adjusted = np.array(p_values), holm(p_values)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(p * max(len(p), 1), 1))
    assert np.all(np.diff(adjusted[np.argsort(p)]) >= 0)


@given(P_VALUES, st.floats(0.001, 0.999))
def test_it_rejects_step_by_step(p_values: list[float], level: float) -> None:
    """Holm, 1979: the smallest against level / n, the next against level / (n - 1), until one is larger."""
    ascending, rejected = np.sort(p_values), 0
    while rejected < len(p_values) and ascending[rejected] * (len(p_values) - rejected) <= level:
        rejected += 1
    assert (holm(p_values) <= level).sum() == rejected


def test_a_test_that_could_not_be_made_does_not_count() -> None:
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


@pytest.mark.parametrize("p_values", [[-0.1], [1.1], [[0.1]]])
def test_a_p_value_is_a_probability(p_values) -> None:
    with pytest.raises(NasbenchError, match="p-values from 0 to 1"):
        holm(p_values)
