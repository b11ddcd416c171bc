"""Comparisons of two and of several sets of runs: what is decided, and in which words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics import Sample, cliffs_delta, compare, compare_all, hodges_lehmann, holm, wilcoxon
from tests.support.worked_examples import DEMSAR, INSECT_SPRAYS

pytestmark = pytest.mark.filterwarnings("error")

GENETIC = Sample("genetic", [94.0, 94.1, 94.2, 94.3, 94.4, 94.5])
RANDOM = Sample("random", [93.0, 93.1, 93.2, 93.3, 93.4, 93.5])
RUNS = st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.2, 94.37, 1e6]), min_size=2, max_size=6)


def test_different_runs() -> None:
    found = compare(GENETIC, RANDOM)
    assert found.differ
    assert not found.same
    assert found.verdict == (
        "genetic (6 runs, median 94.25, from 94 to 94.5) and random (6 runs, median 93.25, from 93 to 93.5): those of "
        "genetic tend to be higher than those of random, a large effect."
    )
    lines = found.in_words().splitlines()
    assert lines[0] == found.verdict
    assert lines[1] == found.mann_whitney.in_words()
    assert lines[2] == found.brunner_munzel.in_words()
    assert lines[3] == found.kolmogorov_smirnov.in_words()
    assert lines[4].startswith(found.a12.in_words())
    assert lines[4].endswith("Cliff's delta, the same from -1 to 1: 1.000 (1.000 to 1.000).")
    assert lines[5] == found.shift.in_words()


def test_the_four_verdicts_of_a_margin() -> None:
    near = Sample("near", GENETIC.values - 0.001)
    assert compare(GENETIC, near, same_within=0.5).verdict.endswith(": the same within 0.5.")
    assert "but by less than 2." in compare(GENETIC, RANDOM, same_within=2).verdict
    assert "a large effect." in compare(GENETIC, RANDOM, same_within=0.1).verdict
    few = compare([1, 5, 9], [2, 4, 10], same_within=1)
    assert few.verdict.endswith("neither shown to differ nor to be the same within 1; more runs would tell.")
    assert compare([1, 5, 9], [2, 4, 10]).verdict.endswith(": not shown to differ, a negligible effect so far.")


def test_pairs_decide_by_wilcoxon() -> None:
    rng = np.random.default_rng(0)
    seeds = rng.normal(0, 10, size=12)
    apart, paired = (compare(seeds + 0.1, seeds + rng.normal(0, 0.01, 12), paired=paired) for paired in (False, True))
    assert not apart.differ
    assert apart.wilcoxon is None
    assert paired.differ
    assert paired.deciding is paired.wilcoxon
    assert "Wilcoxon" in paired.in_words()


def test_a_comparison_is_a_row_of_a_table() -> None:
    found = compare(GENETIC, RANDOM)
    row = found.as_row()
    assert row.pop("p") == row.pop("p_adjusted") == found.mann_whitney.p_value
    assert row == {
        "first": "genetic",
        "second": "random",
        "runs_first": 6,
        "runs_second": 6,
        "median_first": pytest.approx(94.25),
        "median_second": pytest.approx(93.25),
        "difference": pytest.approx(1),
        "difference_low": found.shift.low,
        "difference_high": found.shift.high,
        "a12": 1,
        "a12_low": 1,
        "a12_high": 1,
        "magnitude": "large",
        "test": "Mann-Whitney U test",
        "verdict": "Those of genetic tend to be higher than those of random, a large effect.",
    }
    paired = compare([1, 5, 9], [2, 4, 10], same_within=1, paired=True)
    assert paired.as_row()["test"] == "Wilcoxon signed-rank test"
    assert paired.as_row()["verdict"].startswith("Neither shown to differ nor")
    assert paired.shift == hodges_lehmann([1, 5, 9], [2, 4, 10], paired=True)


def test_a_table_has_a_row_a_pair() -> None:
    found = compare_all(INSECT_SPRAYS)
    table = found.as_table()
    assert [(row["first"], row["second"]) for row in table][:6] == [*(("A", other) for other in "BCDEF"), ("B", "C")]
    assert len(table) == 15
    assert [row["p_adjusted"] for row in table] == pytest.approx(holm([row["p"] for row in table]))
    for row, pair in zip(table, found.pairs, strict=True):
        assert pair.verdict.endswith(str(row["verdict"])[1:])
        assert list(row) == list(table[0])


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1, 1e12, 1e150])
@pytest.mark.parametrize("paired", [False, True])
def test_a_unit_makes_no_difference(scale: float, paired: bool) -> None:
    values = np.random.default_rng(0).integers(0, 9, (2, 20)) / 10.0
    own, scaled = (compare(*(values * unit), same_within=0.3 * unit, paired=paired) for unit in (1, scale))
    for kind in (
        "mann_whitney",
        "kolmogorov_smirnov",
        "brunner_munzel",
        "equivalence",
        *(["wilcoxon"] if paired else []),
    ):
        assert getattr(scaled, kind).p_value == pytest.approx(getattr(own, kind).p_value)
    assert (scaled.a12.low, scaled.a12.high) == (own.a12.low, own.a12.high)
    assert np.array([scaled.shift.value, scaled.shift.low]) / scale == pytest.approx([own.shift.value, own.shift.low])


def test_cliffs_delta_is_its_own() -> None:
    assert compare(GENETIC, RANDOM, level=0.1, seed=2).cliffs_delta == cliffs_delta(GENETIC, RANDOM, level=0.1, seed=2)


@settings(max_examples=40)
@given(RUNS, RUNS, st.booleans())
def test_any_runs_are_told_in_words(a: list[float], b: list[float], paired: bool) -> None:
    b = (b * 3)[: len(a)] if paired else b
    a = a[: len(b)]
    said = compare(a, b, same_within=0.1, paired=paired).in_words()
    assert "nan" not in said
    assert said.count("\n") == (7 if paired else 6)


def test_several_sets_are_one_family() -> None:
    found = compare_all(INSECT_SPRAYS, same_within=5)
    assert len(found.pairs) == 15
    for kind in ("mann_whitney", "kolmogorov_smirnov", "equivalence"):
        tests = [getattr(pair, kind) for pair in found.pairs]
        assert [test.adjusted for test in tests] == pytest.approx(holm([test.p_value for test in tests]))
        assert {test.family for test in tests} == {15}
    made = [pair.brunner_munzel for pair in found.pairs if not np.isnan(pair.brunner_munzel.p_value)]
    assert {test.family for test in made} == {len(made)}
    assert found.omnibus.name == "Kruskal-Wallis test"
    assert found.ranks is None
    assert found.pair("C", "A") is found.pair("A", "C")
    assert "after Holm's correction for 15 comparisons" in found.pair("A", "C").in_words()
    assert found.in_words().split("\n\n")[0].splitlines()[1] == found.post_hoc.in_words()
    with pytest.raises(KeyError):
        found.pair("A", "A")


def test_the_verdict_holds_after_correction() -> None:
    """p = 0.0286 by itself, 0.0857 as one of three."""
    runs = {"a": [1, 2, 3, 4], "b": [5, 6, 7, 8], "c": [4.5, 5.5, 6.5, 7.5]}
    assert compare(runs["a"], runs["b"]).differ
    found = compare_all(runs).pair("a", "b")
    assert found.mann_whitney.adjusted == pytest.approx(3 * 2 / 70)
    assert not found.differ


def test_paired_sets_are_ranked() -> None:
    found = compare_all(DEMSAR, paired=True)
    assert found.omnibus.name == "Friedman test"
    assert found.post_hoc.name == "Nemenyi's test"
    assert found.ranks.names[0] == "C4.5+m+cf"
    assert found.pair("C4.5", "C4.5+m").wilcoxon.p_value == wilcoxon(DEMSAR["C4.5"], DEMSAR["C4.5+m"]).p_value
    assert found.ranks.in_words() in found.in_words()
    lowest = compare_all(DEMSAR, paired=True, higher_is_better=False)
    assert lowest.ranks.names[0] == "C4.5"


def test_two_sets_need_no_correction() -> None:
    found = compare_all({"genetic": GENETIC.values, "random": RANDOM.values}, seed=1)
    assert (found.omnibus, found.post_hoc, found.ranks) == (None, None, None)
    assert found.pairs[0].mann_whitney.adjusted is None
    assert found.in_words() == compare(GENETIC, RANDOM, seed=1).in_words()
    assert compare_all({"genetic": GENETIC, "random": RANDOM}, seed=1).in_words() == found.in_words()
    assert compare_all({"one": GENETIC, "other": GENETIC}).pairs[0].second.name == "other"


def test_too_little_is_a_sentence() -> None:
    with pytest.raises(NasbenchError, match="at least 2 sets of runs to compare, got 0"):
        compare_all({})
    with pytest.raises(NasbenchError, match="at least two runs of random, got 1"):
        compare_all({"genetic": [1, 2], "random": [3]})
    with pytest.raises(NasbenchError, match=r"got nan of run 1 .from 0., 2 such in all"):
        compare([1, np.nan, np.nan], [1, 2])
    with pytest.raises(NasbenchError, match="positive margin"):
        compare([1, 2], [1, 2], same_within=0)
    with pytest.raises(NasbenchError, match="between 0 and 1, got 1"):
        compare([1, 2], [1, 2], level=1)


def test_runs_cannot_be_changed_afterwards() -> None:
    given_runs = np.array([1.0, 2.0])
    sample = Sample("own", given_runs)
    given_runs[0] = 9
    assert sample.values.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        sample.values[0] = 3
