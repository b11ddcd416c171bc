"""When training ends: by examples, and by what has to hold for every curve."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nasbench_ga.training.length import Curve, best_validation, hardly_rises, out_of_patience, reason_to_stop
from nasbench_ga.training.recipe import Recipe

accuracies = st.lists(st.integers(0, 5000).map(lambda right: right / 50), min_size=1, max_size=40)
windows = st.floats(0.05, 0.95)
gains = st.floats(0.01, 5)


def each_epoch(*values: float) -> Curve:
    return list(enumerate(map(float, values), start=1))


def length(curve: Curve, recipe: Recipe) -> float:
    """After how many epochs training ends, of a curve that goes on."""
    return next(
        (curve[number - 1][0] for number in range(1, len(curve) + 1) if reason_to_stop(curve[:number], recipe)),
        math.inf,
    )


@pytest.mark.parametrize(
    ("values", "patience", "ends"),
    [
        ([10], 1, False),
        ([10, 9], 1, True),
        ([10, 10], 1, True),
        ([10, 9], 2, False),
        ([10, 9, 10], 2, True),
        ([10, 9, 11, 9], 2, False),
        ([10, 9, 11, 9, 11], 2, True),
    ],
)
def test_patience(values: list[float], patience: int, ends: bool) -> None:
    assert out_of_patience(each_epoch(*values), patience) is ends


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([50], False),
        ([50, 50], False),
        ([50, 50, 50], True),  # at least two validations in the window, and one before
        ([50, 51, 50], False),
        ([50, 50.4, 50], True),
        ([50, 60, 60, 60], True),
        ([50, 60, 70, 80, 90, 90, 90, 90, 90], True),  # 30 % of 9 epochs: the last two are beyond 6.3, so three are
        ([50, 60, 70, 80, 90, 90, 90, 90.5, 91], False),
        ([*range(50, 60), *[59] * 3, 59.6], False),  # of 14: those beyond 9.8, so 10 is the first of them
        ([*range(50, 60), *[59] * 3, 59.4], False),
        ([*range(50, 60), *[59] * 4, 59.4], True),  # of 15: those beyond 10.5
    ],
)
def test_hardly_rises(values: list[float], ends: bool) -> None:
    assert hardly_rises(each_epoch(*values), 0.3, 0.5) is ends


def test_only_what_was_asked_for_ends_training() -> None:
    flat = each_epoch(50, 50, 50, 50)
    assert reason_to_stop(flat, Recipe(stop="never")) == ""
    assert reason_to_stop(flat, Recipe(stop="patience", patience=3)) == "patience"
    assert reason_to_stop(flat, Recipe(stop="patience", patience=4)) == ""
    assert reason_to_stop(flat, Recipe(stop="curve")) == "curve"
    assert reason_to_stop(flat, Recipe(stop="curve", least_epochs=4)) == "curve"
    assert reason_to_stop(flat, Recipe(stop="curve", least_epochs=4.5)) == ""
    assert reason_to_stop(flat, Recipe(stop="patience", least_epochs=4.5)) == ""


@given(accuracies)
def test_the_best_is_the_first_of_the_highest(values: list[float]) -> None:
    assert best_validation(each_epoch(*values)) == min(i for i, value in enumerate(values) if value == max(values))


@given(accuracies, st.integers(1, 10))
def test_patience_is_the_length_of_the_last_stay(values: list[float], patience: int) -> None:
    tops = list(itertools.accumulate(values, max))
    stay = len(list(itertools.takewhile(lambda top: top == tops[-1], reversed(tops)))) - 1
    assert out_of_patience(each_epoch(*values), patience) is (stay >= patience)


@given(accuracies, windows, gains)
def test_a_rise_within_the_last_two_validations_goes_on(values: list[float], window: float, gain: float) -> None:
    risen = [*values, max(values) + 1.01 * gain]
    assert not hardly_rises(each_epoch(*risen), window, gain)
    assert not hardly_rises(each_epoch(*risen, 0.0), window, gain)


@given(accuracies, windows, gains)
def test_no_rise_at_all_ends_training(values: list[float], window: float, gain: float) -> None:
    stay = [max(values)] * (1 + math.ceil(len(values) * window / (1 - window)) + 2)
    assert hardly_rises(each_epoch(*values, *stay), window, gain)


@given(accuracies, windows, gains, st.floats(1, 3))
def test_who_asks_for_more_ends_sooner(values: list[float], window: float, gain: float, more: float) -> None:
    curve = each_epoch(*values)
    assert hardly_rises(curve, window, gain) <= hardly_rises(curve, window, gain * more)
    assert hardly_rises(curve, window * (1 / more), gain) >= hardly_rises(curve, window, gain)


@given(accuracies, windows, gains, st.integers(-6, 6))
def test_what_an_epoch_is_makes_no_difference(values: list[float], window: float, gain: float, power: int) -> None:
    curve = each_epoch(*values)
    assert hardly_rises([(epochs * 2.0**power, value) for epochs, value in curve], window, gain) is hardly_rises(
        curve, window, gain
    )


@given(st.permutations(range(8)), windows, gains)
def test_only_the_best_before_and_within_the_window_count(order: list[int], window: float, gain: float) -> None:
    """Not the order of the validations on either side of its beginning."""
    epochs = range(1, 9)
    recent = max(2, sum(epoch > (1 - window) * 8 for epoch in epochs))
    assume(recent < 8)
    tops = [max(order[:-recent]), max(order[-recent:])]
    assert hardly_rises(each_epoch(*order), window, gain) is (max(tops) - tops[0] < gain)


@given(st.floats(0.5, 8), st.floats(1, 2.5), st.floats(0.2, 0.6), st.floats(0.02, 1))
def test_who_learns_more_slowly_is_trained_longer(time: float, slower: float, window: float, gain: float) -> None:
    """Of two curves that rise towards 100 exponentially, the slower one is never ended first."""
    recipe = Recipe(stop="curve", window=window, least_gain=gain)
    fast, slow = (
        each_epoch(*(100 * (1 - math.exp(-epoch / scale)) for epoch in range(1, 600)))
        for scale in (time, time * slower)
    )
    assert length(fast, recipe) <= length(slow, recipe) < math.inf


def test_who_inherited_and_gains_no_more_is_trained_for_two_validations() -> None:
    recipe = Recipe(stop="curve", validations=2, window=0.3, least_gain=0.3)
    assert length([(0, 94.0), (0.5, 93.1), (1, 94.2), (1.5, 95.0)], recipe) == 1
    assert length([(0, 94.0), (0.5, 94.1), (1, 94.5), (1.5, 94.6), (2, 94.7)], recipe) == 2
    assert length([(0, 10.0), (0.5, 94.1), (1, 94.2), (1.5, 94.3)], recipe) == 1.5
