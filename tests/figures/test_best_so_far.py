"""Best-so-far curves: medians and bands of sets, every run of one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.colors import to_hex

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import best_so_far_bands
from tests.figures.drawn import overlaps, said

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(np.nan) | st.just(-np.inf)
VALUES = arrays.arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=NUMBERS)
COST = np.array([1.0, 2.0, 5.0, 10.0])
THREE = np.array([[1.0, 2, 3, 4], [2, 3, 4, 5], [9, 9, 9, 9]])


@settings(max_examples=6)
@given(st.lists(VALUES, min_size=1, max_size=4), st.none() | st.floats(-1e6, 1e6), st.booleans())
def test_any_numbers_can_be_drawn(sets: list[np.ndarray], optimum: float | None, log: bool) -> None:
    curves = {f"_${number}": (1 + np.arange(own.shape[1]), own) for number, own in enumerate(sets)}
    figure = best_so_far_bands(curves, "accuracy", "evaluations", optimum=optimum, log=log)
    assert not overlaps(figure)
    if not any(np.isfinite(own).any() for own in sets):
        assert "no numbers" in said(figure)
    else:
        assert all(name in said(figure) for name in curves)


def test_one_set_shows_every_run_their_median_and_middle_half() -> None:
    figure = best_so_far_bands({"mine": (COST, THREE)}, "accuracy (%)", "evaluations", optimum=9.5)
    (axes,) = figure.axes
    drawn = [np.asarray(line.get_ydata(), float).tolist() for line in axes.lines]
    assert drawn[:3] == THREE.tolist()
    assert drawn[3] == [2, 3, 4, 5]
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    assert {1.5, 5.5} <= set(corners[corners[:, 0] == 1, 1])  # the quartiles of 1, 2, 9
    assert "mine: median of 3 runs" in said(figure)
    assert "middle half of the runs" in said(figure)
    assert "optimum, 9.5" in said(figure)
    assert axes.get_ylim()[1] > 9.5


def test_several_sets_show_a_median_each_in_its_own_look() -> None:
    curves = {"a": (COST, THREE), "b": (COST[:2], THREE[:2, :2] + 1)}
    figure = best_so_far_bands(curves, "accuracy (%)", "simulated hours")
    lines = figure.axes[0].lines
    assert [np.asarray(line.get_ydata(), float).tolist() for line in lines] == [[2, 3, 4, 5], [2.5, 3.5]]
    assert len({to_hex(line.get_color()) for line in lines}) == 2
    assert "a (3 runs)" in said(figure)
    assert "b (2 runs)" in said(figure)


def test_a_median_is_of_at_least_half_of_the_runs() -> None:
    values = THREE.copy()
    values[0, 3] = np.nan
    values[:2, 0] = np.nan
    figure = best_so_far_bands({"a": (COST, np.vstack([values, np.full(4, np.nan)])), "b": (COST, THREE)}, "", "cost")
    held = [np.nan, 3, 4, 5]  # the first run has ended, and counts with what it had found
    np.testing.assert_equal(np.asarray(figure.axes[0].lines[0].get_ydata(), float), held)
    assert "a (3 runs, 1 without a number)" in said(figure)


def test_a_run_of_one_evaluation_is_seen() -> None:
    figure = best_so_far_bands({"a": ([1], [[3.0]])}, "accuracy", "evaluations")
    assert all(line.get_marker() == "o" for line in figure.axes[0].lines)


@pytest.mark.parametrize(
    ("curves", "log", "message"),
    [
        ({}, True, "Expected 1 to 18 sets"),
        ({"a": ([1.0, 2.0], [[1.0]])}, True, r"got \(2,\) and \(1, 1\) of a"),
        ({"a": ([1.0], [1.0])}, True, r"got \(1,\) and \(1,\) of a"),
        ({"a": ([], np.empty((2, 0)))}, True, "none of them empty"),
        ({"a": ([2.0, 1.0], [[1.0, 2.0]])}, True, "each higher than the one before"),
        ({"a": ([1.0, np.nan], [[1.0, 2.0]])}, False, "finite costs"),
        ({"a": ([0.0, 1.0], [[1.0, 2.0]])}, True, "above 0 for a logarithmic axis"),
    ],
)
def test_nonsense_is_refused(curves: dict, log: bool, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        best_so_far_bands(curves, "accuracy", "evaluations", log=log)


def test_costs_of_zero_are_drawn_on_an_even_axis() -> None:
    figure = best_so_far_bands({"a": ([0.0, 1.0], [[1.0, 2.0]])}, "accuracy", "hours", log=False)
    assert figure.axes[0].get_xscale() == "linear"
