"""The critical-difference diagram."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures import critical_difference
from nasbench_ga.statistics import AverageRanks, average_ranks
from tests.figures.drawn import by_gid, lines_through, overlaps, said
from tests.support.worked_examples import DEMSAR

LONG = [
    "random search",
    "genetic algorithm",
    "NAS-EA-FA V2, XGBoost, as published",
    "NAS-EA-FA V2, GCN",
    "NAS-EA-FA V1",
    "aging evolution",
    "local search",
    "REINFORCE",
    "BANANAS",
    "BOHB",
    "hyperband",
    "a_name_without_any_space_that_is_too_long",
    "TPE",
    "successive halving",
    "differential evolution",
]


def test_it_is_the_diagram_of_demsar() -> None:
    """2006, page 14: at 0.10 the distance is 1.12; C4.5 differs from C4.5+m and C4.5+m+cf."""
    ranks = average_ranks(DEMSAR, level=0.10)
    figure = critical_difference(ranks)
    ticks = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    unit = (ticks["4"] - ticks["1"]) / 3
    (ruler,) = by_gid(figure, "critical difference")
    assert np.ptp(np.asarray(ruler.get_xdata(), float)) / unit == pytest.approx(1.12, abs=0.005)
    bars = by_gid(figure, "group")
    assert len(bars) == len(ranks.groups) == 2
    rank_of = dict(zip(ranks.names, ranks.ranks, strict=True))
    for bar, group in zip(bars, ranks.groups, strict=True):
        low, high = 1 + (np.asarray(bar.get_xdata(), float) - ticks["1"]) / unit
        covered = {name for name, rank in rank_of.items() if low <= rank <= high}
        assert covered == set(group)
    assert "critical difference 1.12" in said(figure)
    assert "14 runs" in said(figure)


@pytest.mark.parametrize("sets", [2, 3, 5, 10, 15])
@pytest.mark.parametrize("apart", [0, 0.05, 1])
def test_texts_lie_apart_and_no_line_crosses_them(sets: int, apart: float) -> None:
    rng = np.random.default_rng(sets)
    ranks = average_ranks({name: rng.normal(number * apart, 1, 20) for number, name in enumerate(LONG[:sets])})
    figure = critical_difference(ranks)
    assert not overlaps(figure)
    assert not lines_through(figure)


@settings(max_examples=6)
@given(st.integers(2, 15), st.floats(0.1, 20), st.data())
def test_any_ranks_can_be_drawn(sets: int, difference: float, data: st.DataObject) -> None:
    ranks = np.sort(data.draw(st.lists(st.floats(1, sets), min_size=sets, max_size=sets)))
    drawn = AverageRanks(tuple(LONG[:sets]), ranks, difference, 0.05, 10)
    figure = critical_difference(drawn)
    bars = by_gid(figure, "group")
    assert len(bars) == len(drawn.groups)
    spans = [(*np.asarray(bar.get_xdata(), float), bar.get_ydata()[0]) for bar in bars]
    for number, (low, high, y) in enumerate(spans):
        assert all(y != other[2] or high < other[0] or other[1] < low for other in spans[:number])
    assert not overlaps(figure)
    assert all(f"{rank:.2f}" in said(figure) for rank in ranks)


def test_the_ruler_of_few_runs_is_within_the_figure() -> None:
    figure = critical_difference(AverageRanks(("a", "b"), np.array([1.0, 2.0]), 50.0, 0.05, 2))
    (ruler,) = by_gid(figure, "critical difference")
    assert max(ruler.get_xdata()) < figure.get_figwidth()


def test_one_set_is_refused() -> None:
    ranks = average_ranks(DEMSAR)
    with pytest.raises(NasbenchError, match="two sets or more, got 1"):
        critical_difference(dataclasses.replace(ranks, names=("a",), ranks=np.array([1.0])))
