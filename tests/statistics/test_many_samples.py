"""Tests of many sets of runs, and their post-hoc tests, against worked examples."""

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import average_ranks, dunn, friedman, kruskal_wallis, nemenyi
from tests.support.worked_examples import DEMSAR, INSECT_SPRAYS

pytestmark = pytest.mark.filterwarnings("error")

BLOCKS = st.integers(3, 5).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 5), min_size=k, max_size=k), min_size=2, max_size=8)
)


def named(blocks: list[list[int]]) -> dict[str, np.ndarray]:
    return {f"set {number}": values for number, values in enumerate(np.array(blocks, float).T)}


def test_kruskal_wallis_of_hollander_and_wolfe() -> None:
    """Mucociliary efficiency, 1973, page 116: H = 0.7714, p = 0.68."""
    normal, blocked, asbestosis = [2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0]
    found = kruskal_wallis({"normal": normal, "blocked": blocked, "asbestosis": asbestosis})
    assert found.statistic == pytest.approx(0.77143, abs=1e-5)
    assert found.p_value == pytest.approx(0.68, abs=1e-4)
    assert found.in_words() == (
        "Kruskal-Wallis test of whether any of normal, blocked, asbestosis tends to be higher or lower than the others "
        "(n = 5, 4 and 5): H = 0.7714, p = 0.68, above 0.05: none is shown to, which is not to say that they are the "
        "same."
    )


def test_kruskal_wallis_of_insect_sprays() -> None:
    """As R prints it: H = 54.691, p = 1.511e-10."""
    found = kruskal_wallis(INSECT_SPRAYS)
    assert found.statistic == pytest.approx(54.691, abs=5e-4)
    assert found.p_value == pytest.approx(1.511e-10, rel=1e-3)


def test_friedman_of_demsar() -> None:
    """2006, page 13: chi-square 9.28 without correction for ties, F = 3.69 of Iman and Davenport."""
    found = friedman(DEMSAR)
    assert found.statistic == pytest.approx(stats.friedmanchisquare(*DEMSAR.values()).statistic)
    ranks = np.apply_along_axis(stats.rankdata, 0, np.array(list(DEMSAR.values())))
    counts = [np.unique(block, return_counts=True)[1] for block in ranks.T]
    ties = sum((count**3 - count).sum() for count in counts)
    uncorrected = found.statistic * (1 - ties / (14 * 4 * (16 - 1)))
    assert uncorrected == pytest.approx(9.28, abs=0.005)
    assert 13 * uncorrected / (14 * 3 - uncorrected) == pytest.approx(3.69, abs=0.005)
    assert found.rejects(0.05)


def test_average_ranks_of_demsar() -> None:
    """2006, table 6 and page 14: C4.5 differs from C4.5+m+cf and C4.5+m at 0.10, where the distance is 1.12."""
    found = average_ranks(DEMSAR)
    assert dict(zip(found.names, found.ranks.round(3), strict=True)) == {
        "C4.5+m+cf": 1.964,
        "C4.5+m": 2.0,
        "C4.5+cf": 2.893,
        "C4.5": 3.143,
    }
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    assert found.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),)
    found = average_ranks(DEMSAR, level=0.1)
    assert found.critical_difference == pytest.approx(1.12, abs=0.005)
    assert found.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf"), ("C4.5+cf", "C4.5"))
    assert found.in_words() == (
        "Average ranks of 14 runs, 1 the best: C4.5+m+cf 1.96, C4.5+m 2.00, C4.5+cf 2.89, C4.5 3.14. Ranks differ from "
        "1.12 apart (Nemenyi, level 0.1): not told apart: C4.5+m+cf and C4.5+m and C4.5+cf; C4.5+cf and C4.5."
    )


@pytest.mark.parametrize(
    ("level", "critical"),
    [
        (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_critical_values_of_demsar(level: float, critical: list[float]) -> None:
    """2006, table 5 (a), for two to ten classifiers."""
    for k, q in enumerate(critical, 2):
        found = average_ranks({str(number): [1, 2, 3, 4, 5, 6] for number in range(k)}, level=level)
        assert found.critical_difference / np.sqrt(k * (k + 1) / 36) == pytest.approx(q, abs=0.0011)


def test_nemenyi_of_demsar() -> None:
    """2006, page 14, by the p-values; and that they are of the critical difference."""
    found = nemenyi(DEMSAR)
    assert found.different(0.05) == []
    assert set(found.different(0.10)) == {("C4.5+m", "C4.5"), ("C4.5+m+cf", "C4.5")}
    ranks = average_ranks(DEMSAR, level=float(found.p_values[0, 3]))
    assert ranks.ranks[-1] - ranks.ranks[0] == pytest.approx(ranks.critical_difference, abs=1e-6)
    assert found.in_words().endswith("of 6 pairs none is shown to differ at level 0.05.")


def test_dunn_of_insect_sprays() -> None:
    """Computed with scikit-posthocs 0.17.1, posthoc_dunn(..., p_adjust="holm")."""
    found = dunn(INSECT_SPRAYS)
    expected = {"AC": 2.3469258807e-05, "AD": 1.2764598642e-02, "AE": 1.1785985882e-03, "CD": 5.8570895656e-01}
    expected |= {"BC": 5.0978692365e-06, "BE": 3.4509526337e-04, "CF": 3.3344618778e-06, "DF": 3.8381619821e-03}
    for (first, second), p_value in expected.items():
        own = found.p_values[found.names.index(first), found.names.index(second)]
        assert own == pytest.approx(p_value)
    assert set(found.different()) == {(high, low) for high in "ABF" for low in "CDE"}
    assert "of 15 pairs 9 differ at level 0.05: A is higher than C (p = 2.35e-05)" in found.in_words()


def drawn(seed: int, tied: bool, blocks: int = 15) -> dict[str, np.ndarray]:
    """Runs of four sets, the later ones higher."""
    rng = np.random.default_rng(seed)
    sets = enumerate("abcd")
    return {k: rng.integers(i, i + 5, blocks) * 1.0 if tied else rng.normal(i / 2, 1, blocks) for i, k in sets}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_post_hoc_tests_are_those_of_scikit_posthocs(seed: int, tied: bool) -> None:
    runs = drawn(seed, tied)
    uneven = {name: values[: 15 - 3 * number] for number, (name, values) in enumerate(runs.items())}
    for own in (runs, uneven):
        expected = scikit_posthocs.posthoc_dunn(list(own.values()), p_adjust="holm").to_numpy()
        assert dunn(own).p_values == pytest.approx(expected)
    expected = scikit_posthocs.posthoc_nemenyi_friedman(np.stack(list(runs.values()), axis=1)).to_numpy()
    assert nemenyi(runs).p_values == pytest.approx(expected)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("higher_is_better", [False, True])
def test_average_ranks_are_those_of_pandas(tied: bool, higher_is_better: bool) -> None:
    runs = drawn(0, tied)
    expected = pd.DataFrame(runs).rank(axis=1, ascending=not higher_is_better).mean()
    found = average_ranks(runs, higher_is_better=higher_is_better)
    assert dict(zip(found.names, found.ranks, strict=True)) == pytest.approx(dict(expected))
    assert list(found.ranks) == sorted(expected)


@pytest.mark.parametrize(
    ("sets", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102), (10, 3.164)],
)
def test_critical_differences_are_those_of_demsars_table(sets: int, q: float) -> None:
    """Demsar, 2006, table 5 (a): the two-tailed Nemenyi test at 0.05."""
    blocks = 14
    runs = {f"set {number}": np.arange(blocks) + number for number in range(sets)}
    expected = q * np.sqrt(sets * (sets + 1) / (6 * blocks))
    assert average_ranks(runs).critical_difference == pytest.approx(expected, rel=4e-4)


@pytest.mark.parametrize("seed", range(3))
def test_tests_of_all_sets_are_scipys(seed: int) -> None:
    for runs in (drawn(seed, tied=False), drawn(seed, tied=True)):
        for test, expected in ((kruskal_wallis, stats.kruskal), (friedman, stats.friedmanchisquare)):
            found, own = expected(*runs.values()), test(runs)
            assert (own.statistic, own.p_value) == pytest.approx((found.statistic, found.pvalue))


@given(st.lists(st.integers(0, 4), min_size=2, max_size=8), st.lists(st.integers(0, 4), min_size=2, max_size=8))
def test_dunn_of_two_sets_is_kruskal_wallis(a: list[int], b: list[int]) -> None:
    runs = {"a": a, "b": b}
    assert dunn(runs).p_values[0, 1] == pytest.approx(kruskal_wallis(runs).p_value)


@given(BLOCKS)
def test_bounds_and_monotone_maps(blocks: list[list[int]]) -> None:
    runs, mapped = named(blocks), named((np.array(blocks) ** 3.0 - 7).tolist())
    assert 0 <= friedman(runs).p_value <= 1
    assert friedman(runs).p_value == pytest.approx(friedman(mapped).p_value)
    assert kruskal_wallis(runs).p_value == pytest.approx(kruskal_wallis(mapped).p_value)
    for post_hoc in (dunn, nemenyi):
        found = post_hoc(runs).p_values
        assert np.all((found >= 0) & (found <= 1))
        assert np.array_equal(found, found.T)
        assert np.all(np.diag(found) == 1)
        assert found == pytest.approx(post_hoc(mapped).p_values)
    ranks = average_ranks(runs)
    assert ranks.ranks.mean() == pytest.approx((len(runs) + 1) / 2)
    assert ranks.ranks == pytest.approx(len(runs) + 1 - average_ranks(runs, higher_is_better=False).ranks[::-1])
    for group in ranks.groups:
        own = [ranks.ranks[ranks.names.index(name)] for name in group]
        assert max(own) - min(own) < ranks.critical_difference


def test_runs_that_never_differ() -> None:
    runs = dict.fromkeys("abc", [94.37] * 5)
    for test in (kruskal_wallis, friedman):
        assert test(runs).p_value == 1
        assert "No run differs" in test(runs).in_words()
    assert np.all(dunn(runs).p_values == 1)
    assert np.all(nemenyi(runs).p_values == 1)
    assert average_ranks(runs).groups == (("a", "b", "c"),)


def test_too_little_is_a_sentence() -> None:
    with pytest.raises(NasbenchError, match="at least 3 sets of runs to compare, got 2"):
        friedman({"a": [1, 2], "b": [1, 2]})
    with pytest.raises(NasbenchError, match="at least 2 sets of runs to compare, got 1"):
        kruskal_wallis({"a": [1, 2]})
    with pytest.raises(NasbenchError, match="as many runs of each"):
        average_ranks({"a": [1, 2], "b": [1, 2, 3]})
    with pytest.raises(NasbenchError, match="at least two runs of b, got 1"):
        dunn({"a": [1, 2], "b": [1]})
