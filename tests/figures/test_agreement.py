"""Scores against accuracies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import agreement
from nasbench_ga.statistics import rank_correlation
from tests.figures.drawn import overlaps, said

NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False) | st.sampled_from([np.nan, np.inf, -np.inf])


def dots(figure) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in figure.axes[0].lines]


@settings(max_examples=6)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.booleans()), max_size=30))
def test_every_cell_is_drawn_or_counted(cells: list[tuple[float, float, bool]]) -> None:
    x, y, marked = (np.array(column) for column in zip(*cells, strict=True)) if cells else np.empty((3, 0))
    figure = agreement(x, y, "score", "accuracy (%)", highlighted=marked.astype(bool))
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        assert "no numbers" in said(figure)
    else:
        drawn_x, drawn_y = dots(figure)[0]
        assert drawn_x.tolist() == x[finite].tolist()
        assert drawn_y.tolist() == y[finite].tolist()
    for kind, words in (
        (np.isneginf(x) & ~np.isnan(y), "minus infinity"),
        (np.isnan(x) | np.isnan(y), "left out"),
    ):
        count = int(kind.sum())
        assert (words in said(figure)) == (count > 0)
        assert count == 0 or f"{count} cell" in said(figure)
    assert not overlaps(figure)


def test_the_correlations_are_those_of_all_cells() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=15_625)
    accuracy = 80 + 5 * score + 5 * rng.normal(size=15_625)
    score[:130] = -np.inf
    accuracy[-1] = -1000
    figure = agreement(score, accuracy, "score", "accuracy (%)", highlighted=[7000, 8000], highlighted_label="chosen")
    assert str(rank_correlation(score, accuracy)) in said(figure)
    assert "15,625 cells" in said(figure)
    assert "130 cells are not drawn: their score is minus infinity, which ranks last." in said(figure)
    assert "1 cell is far off from the others, outside of the picture." in said(figure)
    assert "chosen (2)" in said(figure)
    assert dots(figure)[1][0].tolist() == score[[7000, 8000]].tolist()
    assert figure.axes[0].lines[0].get_rasterized()
    assert not overlaps(figure)


def test_numbers_of_many_digits_lie_apart() -> None:
    assert not overlaps(agreement([106.1, 107.9, 107], [1, 2, 3], "score", "accuracy"))
    assert not overlaps(agreement([94.0625, 94.0635], [94.0625, 94.0635], "score", "accuracy"))


def test_what_is_highlighted_is_in_the_picture_or_said_not_to_be() -> None:
    score, accuracy = np.arange(50.0), np.full(50, 90.0)
    accuracy[3], score[4] = -1000, np.nan
    figure = agreement(score, accuracy, "score", "accuracy", highlighted=[3, 4])
    assert figure.axes[0].get_ylim()[0] < -1000
    assert "1 of 2 highlighted cannot be drawn." in said(figure)


@pytest.mark.parametrize("highlighted", [[5], [-1], [0.5], [[1]], np.ones(4, bool)])
def test_cells_that_are_not_there_cannot_be_highlighted(highlighted) -> None:
    with pytest.raises(NasbenchError, match="whole numbers from 0 to 4"):
        agreement(np.arange(5), np.arange(5), "score", "accuracy", highlighted=highlighted)


@pytest.mark.parametrize(("scores", "accuracies"), [([1, 2], [1]), ([[1]], [[1]])])
def test_shapes_that_do_not_fit_are_refused(scores, accuracies) -> None:
    with pytest.raises(NasbenchError, match="a score and an accuracy of each cell"):
        agreement(scores, accuracies, "score", "accuracy")
