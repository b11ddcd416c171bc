"""The Hodges-Lehmann shift against published examples and the tests that it goes with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import Sample, hodges_lehmann, mann_whitney, rank_tests, wilcoxon
from nasbench_ga.statistics.rank_tests import rank_sum_limit, signed_rank_limit

pytestmark = pytest.mark.filterwarnings("error")

TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
WEEKS = [1.15, 0.88, 0.90, 0.74, 1.21]
RUNS = st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.2, 94.37, 1e6]), min_size=2, max_size=8)


def test_hollander_and_wolfe() -> None:
    """Permeability, 1999, page 126: 0.305; depression of pairs, page 53: 0.46; intervals as of R's exactRankTests."""
    found = hodges_lehmann(TERM, WEEKS)
    assert (found.value, found.low, found.high) == pytest.approx((0.305, -0.15, 0.76))
    before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = hodges_lehmann(before, after, paired=True)
    assert (found.value, found.low, found.high) == pytest.approx((0.46, 0.010, 0.786), abs=5e-4)


def test_mehta_and_patel() -> None:
    """Blood pressure, with ties: exactRankTests finds 9.5, up to 22; its lower end is of the ranks with their ties."""
    found = hodges_lehmann([94, 108, 110, 90], [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88])
    assert (found.value, found.high) == (9.5, 22)


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_holds_the_shifts_that_are_not_rejected(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(1, 1, 13), rng.normal(size=13)
    for paired, test in ((False, mann_whitney), (True, wilcoxon)):
        found = hodges_lehmann(a, b, level=0.1, paired=paired)
        for end, inwards in ((found.low, 1e-6), (found.high, -1e-6)):
            assert not test(a - (end + inwards), b).rejects(0.1)
            assert test(a - (end - inwards), b).rejects(0.1)


LEVELS = (0.01, 0.05, 0.2)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (5, 5), (12, 30)])
def test_as_many_values_of_u_are_rejected_as_by_scipy(n: int, m: int) -> None:
    p_values = [stats.mannwhitneyu(*_of_u(n, m, u), method="exact").pvalue for u in range(n * m // 2)]
    for level in LEVELS:
        assert rank_sum_limit(n, m, level) == rank_sum_limit(m, n, level) == sum(p <= level for p in p_values)


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_as_many_sums_of_ranks_are_rejected_as_by_scipy(n: int) -> None:
    p_values = [stats.wilcoxon(_of_w(n, w), method="exact").pvalue for w in range(n * (n + 1) // 4)]
    for level in LEVELS:
        assert signed_rank_limit(n, level) == sum(p <= level for p in p_values)


@pytest.mark.parametrize("level", LEVELS)
def test_the_normal_approximation_is_near_and_careful(level: float, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = rank_sum_limit(50, 50, level), signed_rank_limit(50, level)
    monkeypatch.setattr(rank_tests, "EXACT_PAIRS", 0)
    approximated = rank_sum_limit(50, 50, level), signed_rank_limit(50, level)
    for exact, near in zip(counted, approximated, strict=True):
        assert 0.985 * exact <= near <= exact + 1


def _of_u(n: int, m: int, u: int) -> tuple[np.ndarray, np.ndarray]:
    """Two samples without ties of which the first wins u pairs."""
    full, rest = divmod(u, m)
    wins = np.array([0] * (n - full - 1) + [rest] + [m] * full)[:n]
    return wins + np.linspace(0.1, 0.9, n) - 1, np.arange(m) * 1.0


def _of_w(n: int, w: int) -> np.ndarray:
    """Differences without ties of which the positive ranks add up to w."""
    signs = -np.ones(n)
    for rank in range(n, 0, -1):
        if rank <= w:
            signs[rank - 1], w = 1, w - rank
    return signs * np.arange(1, n + 1)


@given(RUNS, RUNS, st.booleans())
def test_it_turns_with_its_sets(a: list[float], b: list[float], paired: bool) -> None:
    a, b = (a[: len(b)], b[: len(a)]) if paired else (a, b)
    there, back = hodges_lehmann(a, b, paired=paired), hodges_lehmann(b, a, paired=paired)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.low <= there.value <= there.high


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    for n, paired in ((20, False), (70, False), (60, True)):
        found = [hodges_lehmann(rng.normal(1, 1, n), rng.normal(0, 1, n), paired=paired) for _ in range(300)]
        assert np.mean([shift.low <= 1 <= shift.high for shift in found]) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("paired", [False, True])
def test_it_covers_the_truth_of_rounded_runs_too(paired: bool) -> None:
    rng = np.random.default_rng(1)
    draws = [(rng.normal(0, 2, 25).round() + 3, rng.normal(0, 2, 25).round()) for _ in range(300)]
    found = [hodges_lehmann(a, b, paired=paired) for a, b in draws]
    assert np.mean([shift.low <= 3 <= shift.high for shift in found]) >= 0.94


def test_words() -> None:
    genetic, random = Sample("genetic", [94, 94.1, 94.2, 94.3]), Sample("random", [93, 93.1, 93.2, 93.3])
    assert hodges_lehmann(random, genetic).in_words() == (
        "Hodges-Lehmann shift: a run of random lies 1 below one of genetic, in the median (95 % interval -1.3 to -0.7)."
    )
    few = hodges_lehmann([1, 2], [3, 4])
    assert (few.low, few.high) == (-np.inf, np.inf)
    assert few.in_words().endswith("2 below one of the second, in the median (so few runs have no 95 % interval).")
    same = hodges_lehmann([94.37] * 5, [94.37] * 5)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_too_little_is_a_sentence() -> None:
    with pytest.raises(NasbenchError, match="at least two runs"):
        hodges_lehmann([1], [2, 3])
    with pytest.raises(NasbenchError, match="as many runs of each"):
        hodges_lehmann([1, 2], [1, 2, 3], paired=True)
    with pytest.raises(NasbenchError, match="between 0 and 1"):
        hodges_lehmann([1, 2], [1, 2], level=0)
