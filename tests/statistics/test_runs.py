"""Distributions, best-so-far curves, their area, and the time to a target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import interpolate, stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows
from nasbench_ga.statistics import (
    Clock,
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
FITNESS = st.one_of(st.sampled_from([np.nan, -np.inf, 0, 1, 2, 3.5]), st.floats(-1e6, 1e6))
NUMBERS = st.lists(st.lists(st.tuples(FITNESS, st.integers(0, 3)), min_size=1, max_size=12), min_size=1, max_size=4)


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
    return Trajectory(cost, value, np.arange(len(cost)), spent)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=20))
def test_a_distribution_is_its_definition(values: list[int]) -> None:
    found = empirical_distribution(values)
    at = np.arange(-4, 5) / 1.0
    assert found.at(at) == pytest.approx([np.mean(np.array(values) <= x) for x in at])
    assert found.at(at) == pytest.approx(stats.ecdf(values).cdf.evaluate(at))
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


def test_a_trajectory_knows_which_row_each_improvement_was() -> None:
    """Of rows that free evaluations share their cost with, the first one that reached the best."""
    rows = rows_of([[1, 2], [4, 4, 7, 9, 8, 9, 10]], [[1, 1], [5, 0, 0, 0, 0, 0, 3]])
    first, second = trajectories(rows, "seconds")
    assert first.row.tolist() == [0, 1]
    assert (second.value.tolist(), second.row.tolist()) == ([9, 10], [5, 8])
    assert second.row_at([[0, 4.9], [5, 7.9], [8, 8.1]]).tolist() == [[-1, -1], [5, 5], [8, -1]]
    assert trajectories(rows)[1].row_at([1, 2, 3, 4, 7, 8]).tolist() == [2, 2, 4, 5, 8, -1]


@given(NUMBERS, st.sampled_from(["evaluations", "seconds"]))
def test_curves_are_a_plain_loop(runs: list[list[tuple[float, float]]], clock: Clock) -> None:
    values, seconds = ([[pair[which] for pair in run] for run in runs] for which in (0, 1))
    rows = rows_of(values, seconds)
    if clock == "seconds" and not np.any(rows.seconds):
        return
    curves, offset = best_so_far(rows, clock), 0
    assert curves.clock == clock
    for run, own in enumerate(values):
        costs = np.cumsum(seconds[run]) if clock == "seconds" else np.arange(1, len(own) + 1)
        for point, cost in enumerate(curves.cost):
            seen = [value for value, when in zip(own, costs, strict=True) if when <= cost and np.isfinite(value)]
            known = bool(seen) and cost <= costs[-1]
            assert curves.value[run, point] == (max(seen) if known else pytest.approx(np.nan, nan_ok=True))
            assert curves.row[run, point] == (offset + own.index(max(seen)) if known else -1)
        offset += len(own)


def test_the_grid_of_evaluations_is_of_whole_numbers() -> None:
    assert best_so_far(rows_of([[3], [1, 2, 5]])).cost.tolist() == [1, 2, 3]
    curves = best_so_far(rows_of([list(range(20_000))]))
    assert len(curves.cost) <= 400
    assert (curves.cost[0], curves.cost[-1]) == (1, 20_000)
    assert np.array_equal(curves.value[0], curves.cost - 1)


def test_the_grid_of_seconds_is_even_on_a_logarithmic_axis() -> None:
    """From the first number, after 2 seconds of the second run, to the end of the longest one, after 200."""
    curves = best_so_far(rows_of([[3, 4], [np.nan, 2]], [[10, 190], [1, 1]]), "seconds")
    assert len(curves.cost) == 400
    assert (curves.cost[0], curves.cost[-1]) == (2, 200)
    assert np.diff(np.log(curves.cost)) == pytest.approx(np.log(100) / 399)
    assert (curves.value[0, -1], curves.row[0, -1], curves.value[1, 0], curves.row[1, 0]) == (4, 1, 2, 3)
    nothing = best_so_far(rows_of([[np.nan, -np.inf]]), "seconds")
    assert (nothing.cost.tolist(), nothing.row.tolist()) == ([2], [[-1]])


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
    steps = [interpolate.PPoly(run.value[None], [*run.cost, run.spent + 1]) for run in own]
    areas = [float(step.integrate(since, until)) for step in steps]
    assert area_under_curve(own, since, until) == pytest.approx(np.array(areas) / (until - since))


@given(VALUES, st.integers(1, 5), st.integers(-5, 5))
def test_area_goes_with_the_unit_of_fitness(runs: list[list[int]], scale: int, shift: int) -> None:
    own = trajectories(rows_of(runs))
    mapped = trajectories(rows_of([[scale * value + shift for value in run] for run in runs]))
    span = shared_span(own)
    assert area_under_curve(mapped, *span) == pytest.approx(scale * area_under_curve(own, *span) + shift)


def test_what_cannot_be_read_is_a_sentence() -> None:
    run, rows = run_of((3, 1), spent=10), rows_of([[1, 2]], [[1, np.nan]])
    by_the_clock = Trajectory(np.array([1.0]), np.array([1.0]), np.array([0]), 5.0, "seconds")
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
    with pytest.raises(NasbenchError, match="all of them cost none: read these runs against evaluations"):
        best_so_far(rows_of([[1, 2]], [[0, 0]]), "seconds")
    with pytest.raises(NasbenchError, match="got no run"):
        best_so_far(rows.take(np.arange(0)))
    with pytest.raises(NasbenchError, match="rising costs and values"):
        run_of((1, 2), (2, 2), spent=5)
    with pytest.raises(NasbenchError, match="at least what it took to find its best"):
        run_of((1, 2), (6, 3), spent=5)
