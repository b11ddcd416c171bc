"""What a trained network is to be."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.fitness.goals import Goal, GoalName, check_goal

ACCURACIES = st.floats(0, 100)
SIZES = st.integers(1, 10**9)


def test_goals_that_do_not_exist_are_refused_with_the_choices() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean .scenario-1.*lexicographic"):
        check_goal("scenario1")


@pytest.mark.parametrize("name", ["lexicographic", "scenario-1"])
def test_a_goal_with_a_threshold_needs_one(name: str) -> None:
    with pytest.raises(NasbenchError, match=r"trained\.threshold"):
        Goal(name)
    assert Goal(name, 99.0).has_threshold


@pytest.mark.parametrize("name", get_args(GoalName))
@given(accuracy=ACCURACIES, more=ACCURACIES, size=SIZES)
def test_more_accuracy_is_never_worse(name: str, accuracy: float, more: float, size: int) -> None:
    goal = Goal(name, threshold=90.0)
    least, most = sorted([accuracy, more])
    assert goal.value(least, size) <= goal.value(most, size)


@given(accuracy=ACCURACIES, other=ACCURACIES, size=SIZES, smaller=SIZES, threshold=ACCURACIES)
def test_what_reaches_the_threshold_beats_what_does_not_and_then_size_decides(
    accuracy: float, other: float, size: int, smaller: int, threshold: float
) -> None:
    goal = Goal("lexicographic", threshold)
    if accuracy >= threshold > other:
        assert goal.value(accuracy, size) > goal.value(other, smaller)
    if accuracy >= threshold and other >= threshold:
        ordered = goal.value(accuracy, size) <= goal.value(other, smaller)
        assert ordered == (size >= smaller)


def test_published_sizes_in_numbers() -> None:
    goal = Goal("scenario-1", 99.2)
    assert goal.value(99.3, 61_787) == pytest.approx(200 - 47.9089, abs=1e-4)
    assert goal.value(99.1, 61_787) == 99.1
    assert Goal("weighted", weight=2.0).value(99.0, 3_274_634) == pytest.approx(99 - 6.549268)
    assert Goal("scenario-2").value(99.0, 10) == Goal("pareto").value(99.0, 10) == Goal("accuracy").value(99.0, 1) == 99


def test_only_pareto_has_several_objectives() -> None:
    several = {name for name in get_args(GoalName) if Goal(name, 90.0).objectives}
    assert several == {"pareto"}
    assert dict(Goal("pareto").objectives) == {"accuracy": 1, "parameters": -1}


@pytest.mark.parametrize(
    ("name", "words"), [("scenario-1", "below 98.50 %"), ("weighted", "less 1 for a million"), ("pareto", "per cent.")]
)
def test_a_goal_says_what_the_fitness_is(name: str, words: str) -> None:
    assert words in Goal(name, 98.5).in_words
