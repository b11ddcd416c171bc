"""Distributions, best-so-far curves, their area, and the time to a target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows
from nasbench_ga.statistics import (
    Trajectory,
    area_under_curve,
    best_so_far,
    empirical_distribution,
    expected_running_time,
    shared_span,
    trajectories,
)

pytestmark = pytest.mark.filterwarnings("error")

VALUES = st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=12), min_size=1, max_size=4)


def rows_of(runs: list[list[float]], seconds: list[list[float]] | None = None) -> Rows:
    """Evaluations with these values, and seconds, one list a repeat."""
    repeat = np.repeat(np.arange(len(runs)), [len(run) for run in runs]).astype(np.int32)
    step = np.concatenate([np.arange(len(run)) for run in runs]).astype(np.int32)
    value = np.concatenate(runs).astype(np.float64)
    cost = np.ones(len(value)) if seconds is None else np.concatenate(seconds).astype(np.float64)
    genotype = np.zeros((len(value), 1), np.int8)
    return Rows(repeat, step, step, np.arange(len(value)), genotype, value, cost)


def run_of(*steps: tuple[float, float], spent: float) -> Trajectory:
    cost, value = np.array(steps, float).reshape(-1, 2).T
    return Trajectory(cost, value, spent)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=20))
def test_a_distribution_is_its_definition(values: list[int]) -> None:
    found = empirical_distribution(values)
    at = np.arange(-4, 5) / 1.0
    assert found.at(at) == pytest.approx([np.mean(np.array(values) <= x) for x in at])
    assert found.share[-1] == pytest.approx(1)
    assert np.all(np.diff(found.value) > 0)
    assert found.at([[-9.0, 9.0]]).tolist() == [[0, pytest.approx(1)]]


def test_a_trajectory_keeps_the_improvements() -> None:
    (found,) = trajectories(rows_of([[np.nan, 3, 2, 5, 5, 1]]))
    assert found.cost.tolist() == [2, 4]
    assert found.value.tolist() == [3, 5]
    assert (found.spent, found.clock, found.first_cost) == (6, "evaluations", 2)
    assert found.at([1, 2, 3.5, 4, 6, 7]) == pytest.approx([np.nan, 3, 3, 5, 5, np.nan], nan_ok=True)


def test_a_trajectory_against_seconds() -> None:
    """An evaluation that costs nothing is known with the one before it."""
    (found,) = trajectories(rows_of([[1, 2, 3, 2]], [[10, 5, 0, 5]]), "seconds")
    assert found.cost.tolist() == [10, 15]
    assert found.value.tolist() == [1, 3]
    assert (found.spent, found.clock) == (20, "seconds")


@given(VALUES)
def test_trajectories_are_best_so_far_curves(runs: list[list[int]]) -> None:
    rows = rows_of(runs)
    curves = best_so_far(rows)
    for own, curve in zip(trajectories(rows), curves.value, strict=True):
        assert own.at(curves.evaluations) == pytest.approx(curve, nan_ok=True)


def test_running_time_is_all_that_was_spent_a_success() -> None:
    """Two of three reach 5 after 20 and 30, one spends 100 in vain: (20 + 30 + 100) / 2."""
    runs = [run_of((1, 1), (20, 5), spent=100), run_of((1, 2), (30, 6), spent=100), run_of((1, 4), spent=100)]
    found = expected_running_time(runs, 5)
    assert (found.expected, found.successes, found.runs) == (75, 2, 3)
    assert found.in_words() == "2 of 3 runs reached 5; its expected running time is 75.0 evaluations."
    assert expected_running_time(runs, 0).expected == 1
    none = expected_running_time(runs, 7)
    assert none.expected == np.inf
    assert none.in_words() == "0 of 3 runs reached 7: no running time can be expected."


def test_running_time_by_auger_and_hansen() -> None:
    """2005: the mean of the successes, and (1 - p) / p times the mean of the failures."""
    rng = np.random.default_rng(0)
    runs = [run_of((1, 0), (2, value), spent=spent) for value, spent in zip(rng.random(50), range(10, 60), strict=True)]
    won = np.array([run.value[-1] >= 0.6 for run in runs])
    spent = np.array([run.spent for run in runs])
    expected = 2 + (1 - won.mean()) / won.mean() * spent[~won].mean()
    assert expected_running_time(runs, 0.6).expected == pytest.approx(expected)


@given(VALUES, st.integers(0, 9))
def test_running_time_of_restarts(runs: list[list[int]], target: int) -> None:
    found = expected_running_time(trajectories(rows_of(runs)), target)
    assert found.successes == sum(max(run) >= target for run in runs)
    assert found.expected >= (1 if found.successes else np.inf)


def test_area_by_hand() -> None:
    """2 for 3 evaluations, 6 for 1, 8 for 4: (6 + 6 + 32) / 8."""
    run = run_of((1, 2), (4, 6), (5, 8), spent=20)
    assert area_under_curve([run], 1, 9) == pytest.approx([44 / 8])
    assert area_under_curve([run], 4, 5) == pytest.approx([6])
    assert area_under_curve([run], 10, 20) == pytest.approx([8])


@given(VALUES)
def test_area_is_the_mean_of_the_best_so_far(runs: list[list[int]]) -> None:
    own = trajectories(rows_of(runs))
    since, until = shared_span(own)
    assert (since, until) == (1, min(len(run) for run in runs))
    expected = [np.maximum.accumulate(run)[: int(until) - 1].mean() for run in runs]
    assert area_under_curve(own, since, until) == pytest.approx(expected)


@given(VALUES, st.integers(1, 5), st.integers(-5, 5))
def test_area_goes_with_the_unit_of_fitness(runs: list[list[int]], scale: int, shift: int) -> None:
    own = trajectories(rows_of(runs))
    mapped = trajectories(rows_of([[scale * value + shift for value in run] for run in runs]))
    span = shared_span(own)
    assert area_under_curve(mapped, *span) == pytest.approx(scale * area_under_curve(own, *span) + shift)


def test_what_cannot_be_read_is_a_sentence() -> None:
    run, rows = run_of((3, 1), spent=10), rows_of([[1, 2]], [[1, np.nan]])
    by_the_clock = Trajectory(np.array([1.0]), np.array([1.0]), 5.0, "seconds")
    with pytest.raises(NasbenchError, match="run 0 has some from 3 to 10 only"):
        area_under_curve([run], 1, 10)
    with pytest.raises(NasbenchError, match="run 0 has some from 3 to 10 only"):
        area_under_curve([run], 3, 11)
    with pytest.raises(NasbenchError, match="from a lower to a higher one, got 5 to 5"):
        area_under_curve([run], 5, 5)
    with pytest.raises(NasbenchError, match="in one unit, got evaluations and seconds"):
        shared_span([run], [by_the_clock])
    with pytest.raises(NasbenchError, match="got no run"):
        expected_running_time([], 1)
    with pytest.raises(NasbenchError, match="one has its first at inf"):
        shared_span([run, run_of(spent=10)])
    with pytest.raises(NasbenchError, match=r"seconds of every evaluation.*repeat 0 are unknown"):
        trajectories(rows, "seconds")
    with pytest.raises(NasbenchError, match="in evaluations or seconds, got 'hours'"):
        trajectories(rows, "hours")
    with pytest.raises(NasbenchError, match="rising costs and values"):
        run_of((1, 2), (2, 2), spent=5)
    with pytest.raises(NasbenchError, match="at least what it took to find its best"):
        run_of((1, 2), (6, 3), spent=5)
