"""Sets of runs are compared by one metric, and what is not alike in them is said."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.run_sets import FITNESS, How, RunSet, compare_sets
from tests.support.run_records import TEST

Made = Callable[[str], Path]


def sets(record: Made, *names: str) -> list[RunSet]:
    return [RunSet.read(record(name)) for name in names]


def test_pairs_are_tested_as_scipy_does(record: Made) -> None:
    found = compare_sets(sets(record, "random", "genetic"), How(paired=False))
    first, second = (sample.values for sample in found.samples)
    pair = found.comparisons.pair("random", "genetic")
    assert pair.kolmogorov_smirnov.p_value == pytest.approx(stats.ks_2samp(first, second).pvalue)
    assert pair.mann_whitney.statistic == stats.mannwhitneyu(first, second).statistic
    assert pair.wilcoxon is None
    wins = np.mean([(a > b) + (a == b) / 2 for a in first for b in second])
    assert pair.a12.value == pytest.approx(wins)


def test_runs_are_held_against_each_other_in_pairs_if_asked_for(record: Made) -> None:
    found = compare_sets(sets(record, "random", "genetic"), How(paired=True))
    first, second = (sample.values for sample in found.samples)
    expected = stats.wilcoxon(first, second, zero_method="pratt").pvalue
    assert found.comparisons.pairs[0].deciding.p_value == pytest.approx(expected)
    assert not any("in pairs" in note for note in found.notes)
    other = compare_sets(sets(record, "genetic", "other-seed"), How(paired=True))
    assert "Runs are compared in pairs although they do not have the same seed." in other.notes
    with pytest.raises(NasbenchError, match="as many runs of each"):
        compare_sets(sets(record, "genetic", "few-other"), How(paired=True))


def test_runs_of_one_seed_are_ranked_among_each_other(record: Made) -> None:
    found = compare_sets(sets(record, "random", "genetic", "surrogate"))
    values = np.array([sample.values for sample in found.samples])
    expected = dict(zip(("random", "genetic", "surrogate"), stats.rankdata(-values, axis=0).mean(1), strict=True))
    assert found.ranks is not None
    assert dict(zip(found.ranks.names, found.ranks.ranks, strict=True)) == pytest.approx(expected)
    assert compare_sets(sets(record, "genetic", "other-seed")).ranks is None


def test_the_running_time_is_all_that_was_spent_a_success(record: Made) -> None:
    found = compare_sets(sets(record, "random", "genetic"))
    for own, time in zip(found.sets, found.running_times, strict=True):
        costs = [run.cost_of(found.target) for run in own.trajectories(found.metric)]
        spent = sum(min(cost, 300) for cost in costs)
        reached = np.isfinite(costs).sum()
        assert time.successes == reached
        assert time.expected == pytest.approx(spent / reached if reached else np.inf)
    assert found.target == min(sample.median for sample in found.samples)
    assert compare_sets(sets(record, "random", "genetic"), How(target=1e3)).running_times[0].successes == 0


def test_areas_are_mean_heights_over_what_all_cover(record: Made) -> None:
    found = compare_sets(sets(record, "short", "genetic"))
    assert found.span == (1, 100)
    for own, area in zip(found.sets, found.areas, strict=True):
        heights = [run.at(np.arange(1, 100)).mean() for run in own.trajectories(found.metric)]
        np.testing.assert_allclose(area.values, heights)


@pytest.mark.parametrize(
    ("names", "how", "said"),
    [
        (("random", "genetic"), How(), []),
        (("short", "genetic"), How(), [r"Budgets differ \(short: 100 evaluations; genetic: 300 evaluations\)"]),
        (("short", "genetic"), How(cost=100), []),
        (("genetic", "few-other"), How(), [r"There are not as many runs of each \(genetic: 6; few-other: 4\)"]),
        (
            ("genetic", "parameters"),
            How(),
            [
                r"Different things were maximised \(genetic: accuracy \(cifar10/test/baseline\); parameters: few-param",
                r"Different plug-ins were loaded, or other versions of them \(genetic: none; parameters: .*mine\.py",
            ],
        ),
    ],
)
def test_what_is_not_alike_is_said(record: Made, names: tuple[str, ...], how: How, said: list[str]) -> None:
    notes = [note for note in compare_sets(sets(record, *names), how).notes if "maximised by" not in note]
    assert len(notes) == len(said)
    for note, expected in zip(notes, said, strict=True):
        assert re.search(expected, note)


def test_results_on_the_test_set_itself_are_called_optimistic(record: Made) -> None:
    (note,) = compare_sets(sets(record, "random", "genetic")).notes
    assert note == "The test accuracy itself was maximised by random, genetic: these results are optimistic."
    judged_by_another = compare_sets(sets(record, "random", "genetic"), How(metric=TEST))
    assert not any("optimistic" in note for note in judged_by_another.notes)


def test_different_metrics_are_not_compared_without_saying_so(record: Made) -> None:
    with pytest.raises(
        NasbenchError, match=r"one metric, got genetic .*; smaller (fitness|cifar10/ori-test/90): they have none"
    ):
        compare_sets(sets(record, "genetic", "smaller"))
    with pytest.raises(NasbenchError, match=r"records that report one metric, got genetic .*; analog .*--metric"):
        compare_sets(sets(record, "genetic", "analog"))
    found = compare_sets(sets(record, "genetic", "analog"), How(metric=TEST))
    assert any(note.startswith("Different things were maximised") for note in found.notes)
    with pytest.raises(UnknownNameError, match="There is no accuracy 'fitness' that all of these records hold"):
        compare_sets(sets(record, "genetic", "analog"), How(metric=FITNESS))


def test_what_cannot_be_compared_is_one_sentence(record: Made) -> None:
    genetic = RunSet.read(record("genetic"))
    with pytest.raises(NasbenchError, match=r"2 to 18 records to compare, .*, got 1: name another"):
        compare_sets([genetic])
    with pytest.raises(NasbenchError, match=r"2 to 18 records to compare, .*, got 19: compare fewer at a time"):
        compare_sets([genetic] * 19)
    with pytest.raises(NasbenchError, match="different names, got genetic more than once: give others with --names"):
        compare_sets([genetic, RunSet.read(record("random"), "genetic")])
    for name in ("", " ", "a\x1b[31m", "a\nb"):
        with pytest.raises(NasbenchError, match="names that can be read, got"):
            compare_sets([genetic, RunSet.read(record("random"), name)])
    for same in ("genetic", "few"):
        with pytest.raises(NasbenchError, match="are runs of the same search and seed"):
            compare_sets([genetic, RunSet.read(record(same), "again")])
    with pytest.raises(NasbenchError, match="a finite target, got nan"):
        compare_sets(sets(record, "random", "genetic"), How(target=np.nan))
    with pytest.raises(UnknownNameError, match="There is no accuracy 'cifar10/parameters'"):
        compare_sets(sets(record, "random", "genetic"), How(metric="cifar10/parameters"))
    with pytest.raises(NasbenchError, match="at least two runs of single, got 1"):
        compare_sets(sets(record, "random", "single"))
    with pytest.raises(NasbenchError, match="of nowhere that know a cell with a finite fitness at their end, but 6"):
        compare_sets(sets(record, "genetic", "nowhere"))


def test_constant_runs_are_compared(record: Made) -> None:
    found = compare_sets(sets(record, "genetic", "random"), How(metric="cifar10/test/baseline", cost=1))
    assert found.comparisons.pairs[0].decision
    assert found.target == found.samples[0].median
