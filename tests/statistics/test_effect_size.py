"""Effect sizes against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import Sample, cliffs_delta, vargha_delaney

pytestmark = pytest.mark.filterwarnings("error")

RUNS = st.lists(st.integers(-3, 3), min_size=2, max_size=8)


@settings(max_examples=30)
@given(RUNS, RUNS)
def test_they_count_pairs(a: list[int], b: list[int]) -> None:
    signs = np.sign(np.subtract.outer(a, b))
    effect, delta = vargha_delaney(a, b), cliffs_delta(a, b)
    assert effect.value == pytest.approx((signs > 0).mean() + (signs == 0).mean() / 2)
    assert delta.value == pytest.approx(signs.mean())
    assert effect.value == pytest.approx(1 - vargha_delaney(b, a).value)
    assert effect.value == pytest.approx(vargha_delaney(np.exp(a), np.exp(b)).value)
    assert 0 <= effect.low <= effect.high <= 1
    assert -1 <= delta.low <= delta.high <= 1
    assert effect.magnitude == delta.magnitude


def test_hogarty_and_kromrey() -> None:
    """Using SAS to calculate tests of Cliff's delta, 1999; with R's effsize, cliff.delta(treatment, control): -0.25."""
    treatment, control = [10, 10, 20, 20, 20, 30, 30, 30, 40, 50], [10, 20, 30, 40, 40, 50]
    assert cliffs_delta(treatment, control).value == pytest.approx(-0.25)
    assert vargha_delaney(treatment, control).value == pytest.approx(0.375)


@pytest.mark.parametrize("tied", [False, True])
def test_cliffs_delta_is_scipys_somers_d_of_the_set(tied: bool) -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(i, i + 5, 15) * 1.0 if tied else rng.normal(i / 2, 1, 15) for i in range(2))
    of_the_first = [1] * 15 + [0] * 15
    expected = stats.somersd(of_the_first, np.concatenate([first, second])).statistic
    assert cliffs_delta(first, second).value == pytest.approx(expected)


@settings(max_examples=30)
@given(RUNS, RUNS)
def test_a12_is_scipys_u_over_all_pairs(a: list[int], b: list[int]) -> None:
    assert vargha_delaney(a, b).value == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))


@pytest.mark.parametrize(("a", "b", "value"), [([3, 4], [1, 2], 1), ([1, 2], [3, 4], 0), ([1, 1], [1, 1], 0.5)])
def test_closed_forms_have_no_interval(a: list[int], b: list[int], value: float) -> None:
    found = vargha_delaney(a, b)
    assert (found.value, found.low, found.high) == (value, value, value)
    assert "does not tell how sure this is" in found.in_words()


def test_the_interval_is_scipys_and_repeatable() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, 1, size=20), rng.normal(size=25)
    found = vargha_delaney(a, b, level=0.1, seed=3)
    expected = stats.bootstrap(
        (a, b),
        lambda x, y: (x[:, None] > y).mean(),
        n_resamples=2000,
        confidence_level=0.9,
        vectorized=False,
        rng=3,
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found == vargha_delaney(a, b, level=0.1, seed=3)
    assert found != vargha_delaney(a, b, level=0.1, seed=4)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Normal runs one standard deviation apart: A12 = Phi(1 / sqrt 2)."""
    rng, truth = np.random.default_rng(0), stats.norm.cdf(1 / np.sqrt(2))
    found = [vargha_delaney(rng.normal(1, 1, 30), rng.normal(0, 1, 30), seed=seed) for seed in range(150)]
    assert np.mean([effect.low <= truth <= effect.high for effect in found]) == pytest.approx(0.95, abs=0.05)


def test_pairs_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=20)
    together, apart = (vargha_delaney(a + 0.1, a, paired=paired) for paired in (True, False))
    assert together.value == apart.value
    assert together.high - together.low < (apart.high - apart.low) / 2


@pytest.mark.parametrize(
    ("percent", "magnitude"),
    [
        (50, "negligible"),
        (55, "negligible"),
        (56, "small"),
        (64, "medium"),
        (71, "large"),
        (44, "small"),
        (29, "large"),
    ],
)
def test_thresholds_of_vargha_and_delaney(percent: int, magnitude: str) -> None:
    """Of 2000, table 1: 0.56 small, 0.64 medium, 0.71 large."""
    found = vargha_delaney([1] * percent + [-1] * (100 - percent), [0, 0])
    assert found.value == pytest.approx(percent / 100)
    assert found.magnitude == magnitude


def test_words() -> None:
    said = vargha_delaney(Sample("genetic", [2, 3, 4, 5]), Sample("random", [1, 2, 3, 4])).in_words()
    assert said.startswith(
        "Vargha-Delaney effect size: a run of genetic is higher than one of random 71.9 % of the time, ties "
        "counted half (A12 = 0.719, 95 % bootstrap interval 0."
    )
    assert said.endswith("a large effect.")


def test_a_level_is_a_level() -> None:
    with pytest.raises(NasbenchError, match="between 0 and 1, got 95"):
        vargha_delaney([1, 2], [3, 4], level=95)
