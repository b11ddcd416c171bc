"""What each generation evaluated, drawn."""

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import generations
from nasbench_ga.statistics import Generations
from tests.figures.drawn import overlaps, said

NUMBERS = np.array([[80.0, 85, 90], [85, 88, 91], [89, 90, 92]]).T


def test_each_search_is_a_median_and_a_band() -> None:
    own = Generations(np.array([100.0, 200, 300]), *NUMBERS)
    figure = generations({"genetic": own, "_random": own}, "accuracy (%)", optimum=94.37)
    axes = figure.axes[0]
    assert [np.asarray(line.get_ydata()).tolist() for line in axes.lines[:2]] == [[85, 88, 90]] * 2
    assert axes.lines[0].get_xdata().tolist() == [100, 200, 300]
    for band in axes.collections:
        corners = band.get_paths()[0].vertices
        assert {80, 90} <= set(corners[corners[:, 0] == 100, 1])
    assert all(words in said(figure) for words in ("genetic", "_random", "optimum, 94.37", "10 to 90 %"))
    assert not overlaps(figure)


def test_one_generation_is_seen() -> None:
    figure = generations({"random": Generations(np.array([10.0]), *np.array([[1.0], [2], [3]]))}, "accuracy")
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_searches_without_numbers_say_so() -> None:
    nothing = np.full(2, np.nan)
    figure = generations({"a": Generations(np.array([1.0, 2]), nothing, nothing, nothing)}, "accuracy")
    assert "no numbers" in said(figure)


def test_no_search_is_refused() -> None:
    with pytest.raises(NasbenchError, match="Expected 1 to 18 sets"):
        generations({}, "accuracy")
