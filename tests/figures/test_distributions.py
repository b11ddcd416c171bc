"""Dots, quartiles and distribution functions of runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import distributions
from nasbench_ga.figures.axis import window
from tests.figures.drawn import marked_values, overlaps, said, texts

NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False)
NAMES = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), max_size=30)
RUNS = st.dictionaries(NAMES, st.lists(NUMBERS, min_size=2, max_size=12), min_size=1, max_size=4)


def normal(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(94, 0.1, count)


@settings(max_examples=6)
@given(RUNS, st.none() | NUMBERS)
def test_every_run_is_a_dot_and_in_the_picture_or_counted(runs: dict[str, list[float]], optimum: float | None) -> None:
    figure = distributions(runs, "accuracy", optimum=optimum)
    dots = marked_values(figure)
    assert dots.tolist() == sorted(value for own in runs.values() for value in own)
    low, high = figure.axes[1].get_xlim()
    outside = int(((dots < low) | (dots > high)).sum())
    counted = [words.split(" ")[-3] for words in said(figure).split(" outside on")[:-1]]
    assert sum(int(count) for count in counted) == outside
    assert outside <= 0.2 * len(dots)
    assert not overlaps(figure)


def test_names_carry_how_many_runs_there_are_and_all_texts_are_apart() -> None:
    runs = {f"a rather long name of search number {number}": normal(30 + number, number) for number in range(15)}
    figure = distributions(runs, "cifar10/ori-test/200 (%)", optimum=94.4)
    labels = [" ".join(text.split()) for text in texts(figure)]
    assert all(f"{name} (n = {len(own)})" in labels for name, own in runs.items())
    assert "optimum, 94.4" in labels
    assert not overlaps(figure)


def test_runs_far_off_are_outside_and_said_to_be() -> None:
    runs = {"good": normal(50), "some bad": [*normal(47, 1), 10.0, 10.5, 80.0]}
    figure = distributions(runs, "accuracy (%)")
    low, high = figure.axes[1].get_xlim()
    assert low > 93
    assert high < 95
    assert "Of some bad, 3 runs lie outside on the left, the lowest at 10." in said(figure)
    assert "Of good" not in said(figure)


def test_many_runs_that_lie_apart_are_all_shown() -> None:
    runs = {"two kinds": [*normal(80), *(normal(20) - 84)]}
    figure = distributions(runs, "accuracy (%)")
    assert figure.axes[1].get_xlim()[0] < 10
    assert "outside" not in said(figure)


def test_the_window_is_of_the_numbers_and_what_has_to_be_shown() -> None:
    assert window([np.array([1.0, 2.0]), np.array([5.0, 6.0])]) == (1, 6)
    assert window([np.array([1.0, 2.0])], 100) == (1, 100)
    assert window([np.array([3.0] * 49 + [1.0])]) == (1, 3)
    assert window([np.array([3.0] * 49 + [1.0])], 3.1) == (1, 3.1)


@pytest.mark.parametrize("runs", [{"a": [94.37] * 50}, {"a": [0.0, 0.0]}, {"a": [1.0, 2.0]}, {"a": normal(1000)}])
def test_the_quartiles_are_those_of_the_runs(runs: dict[str, list[float]]) -> None:
    figure = distributions(runs, "accuracy (%)")
    dots, functions = figure.axes
    drawn = [np.asarray(line.get_xdata(), float).tolist() for line in dots.lines if line.get_linewidth() == 4]
    assert drawn == [pytest.approx(np.percentile(runs["a"], [25, 75]).tolist())]
    (line,) = functions.lines
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    for value in runs["a"][:20]:
        assert y[np.flatnonzero(x <= value)[-1]] == pytest.approx(np.mean(np.array(runs["a"]) <= value))
    assert dots.get_ylim()[1] > max(np.max(line.get_ydata()) for line in dots.lines)


@pytest.mark.parametrize(
    ("runs", "optimum", "message"),
    [
        ({}, None, "Expected 1 to 18 sets"),
        ({"a": [1.0]}, None, "at least two runs of a"),
        ({"a": [1.0, np.nan]}, None, "a finite number of every run of a"),
        ({"a": [[1.0, 2.0]]}, None, "shape"),
        ({"a": [1.0, 2.0]}, np.inf, "a finite optimum"),
    ],
)
def test_nonsense_is_refused(runs: dict[str, list[float]], optimum: float | None, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        distributions(runs, "accuracy", optimum=optimum)
