"""Power and repeats needed against closed forms and an approximation."""

import numpy as np
import pytest
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import Sample, mann_whitney_power, noether_repeats, repeats_in_words, repeats_needed

pytestmark = pytest.mark.filterwarnings("error")

SEPARATED = ([1, 2, 3], [7, 8, 9])


def test_without_an_effect_the_power_is_the_level() -> None:
    assert mann_whitney_power(0.5, 30, simulations=4000) == pytest.approx(0.05, abs=0.012)
    assert mann_whitney_power(0.5, 30, level=0.2, simulations=4000) == pytest.approx(0.2, abs=0.025)


def test_separated_runs_are_told_apart_as_soon_as_any_can_be() -> None:
    """2 / C(2n, n) is 0.1 for three runs of each, 0.029 for four."""
    assert mann_whitney_power(SEPARATED, 3, simulations=50) == 0
    assert mann_whitney_power(SEPARATED, 4, simulations=50) == 1
    assert repeats_needed(SEPARATED, simulations=50) == 4
    assert repeats_needed(SEPARATED, simulations=50, level=0.2) == 3


def test_two_sets_of_normal_runs_have_the_effect_asked_for() -> None:
    """As the t test of shifted normal runs, whose power is known, but for the efficiency 3 / pi of ranks."""
    n, shift = 60, np.sqrt(2) * stats.norm.ppf(0.64)
    noncentral, critical = shift * np.sqrt(n / 2 * 3 / np.pi), stats.t.isf(0.025, 2 * n - 2)
    expected = stats.nct.sf(critical, 2 * n - 2, noncentral)
    assert mann_whitney_power(0.64, n) == pytest.approx(expected, abs=0.04)
    assert mann_whitney_power(0.36, n) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("effect", [0.6, 0.64, 0.71, 0.29])
def test_repeats_needed_are_near_noethers(effect: float) -> None:
    assert repeats_needed(effect) == pytest.approx(noether_repeats(effect), rel=0.12)


def test_noethers_formula() -> None:
    """1987: N = (z + z')^2 / (12 c (1 - c) (p - 1/2)^2) in all, half of them each."""
    total = (stats.norm.isf(0.025) + stats.norm.isf(0.2)) ** 2 / (12 * 0.25 * 0.2**2)
    assert noether_repeats(0.7) == pytest.approx(total / 2)
    assert noether_repeats(0.5) == np.inf


def test_noethers_formula_of_wmwssp() -> None:
    """The tests of R's package WMWssp: 114.74467 runs in all for an effect of 0.349, level 0.05 and power 0.8."""
    assert 2 * noether_repeats(0.349) == pytest.approx(114.74467, abs=1e-5)


def test_power_is_scipys() -> None:
    rng = np.random.default_rng(0)
    shift = np.sqrt(2) * stats.norm.ppf(0.7)
    draws = (lambda size: rng.normal(shift, 1, size), lambda size: rng.normal(0, 1, size))
    expected = stats.power(stats.mannwhitneyu, draws, (25, 25), significance=0.05, n_resamples=2000, vectorized=True)
    assert mann_whitney_power(0.7, 25) == pytest.approx(float(expected.power), abs=0.05)


def test_the_number_needed_has_the_power_and_one_less_has_not() -> None:
    needed = repeats_needed(0.75, power=0.9, simulations=500)
    assert mann_whitney_power(0.75, needed, simulations=500) >= 0.9
    assert mann_whitney_power(0.75, needed - 1, simulations=500) < 0.9


def test_repeats_in_words() -> None:
    genetic, random = Sample("genetic", [2, 3, 4, 5]), Sample("random", [1, 2, 3, 4])
    needed = int(np.ceil(noether_repeats(23 / 32)))
    assert repeats_in_words(genetic, random) == (
        f"If the effect is the one seen so far (A12 = 0.719 of genetic and random), about {needed} runs of each show "
        "the difference with power 0.8 at level 0.05; there are 4 and 4."
    )
    assert f"about {int(np.ceil(noether_repeats(23 / 32, power=0.95)))} runs" in repeats_in_words(
        genetic, random, power=0.95
    )
    assert "about 4 runs of each show" in repeats_in_words([1, 2], [3, 4])
    assert "about 3 runs of each show" in repeats_in_words([1, 2], [3, 4], level=0.2)


def test_repeats_in_words_say_why_not() -> None:
    assert repeats_in_words([94.37] * 3, [94.37] * 5) == (
        "Every run of the first and the second came to 94.37: no number of runs shows a difference."
    )
    assert "neither tends to be higher, and no number of runs" in repeats_in_words([1, 2], [1, 2])
    assert "about 4 runs of each" in repeats_in_words([1, 1], [2, 2])
    runs = np.arange(1000)
    assert "too small an effect to be worth showing" in repeats_in_words(runs + 5.5, runs)
    with pytest.raises(NasbenchError, match="got nan of run 1"):
        repeats_in_words([1, np.nan], [1, 2])
    with pytest.raises(NasbenchError, match="power between the level"):
        repeats_in_words([1, 2], [1, 2], power=80)


def test_what_cannot_be_planned_is_a_sentence() -> None:
    with pytest.raises(NasbenchError, match=r"A12 = 0.5 takes about inf runs"):
        repeats_needed(0.5)
    with pytest.raises(NasbenchError, match=r"A12 = 0.5 takes about inf runs"):
        repeats_needed(([1, 1], [1, 1]))
    with pytest.raises(NasbenchError, match="takes about 13,081 runs"):
        repeats_needed(0.51)
    with pytest.raises(NasbenchError, match=r"between 0 and 1 .*, got 1"):
        mann_whitney_power(1, 10)
    with pytest.raises(NasbenchError, match=r"power between the level, 0.05, and 1, got 80"):
        repeats_needed(0.7, power=80)
    with pytest.raises(NasbenchError, match="at least two repeats"):
        mann_whitney_power(0.7, 1)
    with pytest.raises(NasbenchError, match="at least two runs"):
        mann_whitney_power(([1], [2, 3]), 5)
