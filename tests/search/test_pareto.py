"""Domination, fronts, crowding and their order: against plain loops and against worked examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nasbench_ga.search.pareto import crowded_places, crowding_distance, non_dominated_ranks

# "Min-Ex" of Deb, Multi-Objective Optimization Using Evolutionary Algorithms (2001), where NSGA-II is done by hand:
# x1 and x2 of six parents 1 .. 6 and of six children a .. f; f1 = x1 and f2 = (1 + x2) / x1 are minimised.
NAMES = "123456abcdef"
MIN_EX = np.array(
    [
        [(0.31, 0.89), (0.43, 1.92), (0.22, 0.56), (0.59, 3.63), (0.66, 1.41), (0.83, 2.51)],
        [(0.21, 0.24), (0.79, 2.14), (0.51, 2.32), (0.27, 0.87), (0.58, 1.62), (0.24, 1.05)],
    ]
).reshape(12, 2)
MIN_EX_VALUES = -np.stack([MIN_EX[:, 0], (1 + MIN_EX[:, 1]) / MIN_EX[:, 0]], 1)

VALUES = st.integers(0, 12).flatmap(
    lambda n: arrays.arrays(
        np.float64, st.tuples(st.just(n), st.integers(1, 4)), elements=st.sampled_from([-1.5, 0.0, 1.0, 2.0, 3.25])
    )
)


def dominates(one: list[float], other: list[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and one != other


def plain_ranks(values: list[list[float]]) -> list[int]:
    """Takes away whom nobody that is left dominates, again and again."""
    ranks, left, rank = [-1] * len(values), set(range(len(values))), 0
    while left:
        front = {i for i in left if not any(dominates(values[j], values[i]) for j in left)}
        for member in front:
            ranks[member] = rank
        left, rank = left - front, rank + 1
    return ranks


def plain_crowding(values: list[list[float]], ranks: list[int]) -> list[float]:
    """The pseudocode of the paper, front after front."""
    distance = [0.0] * len(values)
    for rank in set(ranks):
        front = [member for member, own in enumerate(ranks) if own == rank]
        for objective in range(len(values[0])):
            ordered = sorted(front, key=lambda member: values[member][objective])
            span = values[ordered[-1]][objective] - values[ordered[0]][objective]
            if not span and len(front) > 1:
                continue
            distance[ordered[0]] = distance[ordered[-1]] = float("inf")
            for before, member, after in zip(ordered, ordered[1:], ordered[2:], strict=False):
                distance[member] += (values[after][objective] - values[before][objective]) / span
    return distance


def test_the_fronts_of_the_books_example() -> None:
    ranks = non_dominated_ranks(MIN_EX_VALUES)
    fronts = ["".join(name for name, rank in zip(NAMES, ranks, strict=True) if rank == front) for front in range(5)]
    assert fronts == ["5ae", "13bd", "26cf", "4", ""]


def test_the_survivors_of_the_books_example() -> None:
    """Half of the second front survives: its two ends 3 and b, and 1, which is less crowded than d."""
    ranks = non_dominated_ranks(MIN_EX_VALUES)
    places = crowded_places(ranks, crowding_distance(MIN_EX_VALUES, ranks))
    assert {NAMES[member] for member in np.argsort(places, kind="stable")[:6]} == set("5ae3b1")


def test_an_example_of_another_implementation() -> None:
    """What the package coords-nsga2 tests itself with."""
    values = np.array([[-1, 3, -4.2, 8.2, -2, 5, 10.1, 0.2], [12.1, 7, 18.75, 8, 10, 11, 1.9, 5.1]]).T
    ranks = non_dominated_ranks(values)
    assert ranks.tolist() == [0, 1, 0, 0, 1, 0, 0, 2]
    distances = crowding_distance(values, ranks)[ranks == 0]
    np.testing.assert_allclose(distances, [1.1032973, np.inf, 0.8967027, 0.88668009, np.inf], atol=1e-7)


@given(values=VALUES)
def test_ranks_are_those_of_a_plain_loop(values: np.ndarray) -> None:
    assert non_dominated_ranks(values).tolist() == plain_ranks(values.tolist())


@given(values=VALUES)
def test_crowding_is_that_of_a_plain_loop(values: np.ndarray) -> None:
    ranks = non_dominated_ranks(values)
    if len(values):
        np.testing.assert_allclose(crowding_distance(values, ranks), plain_crowding(values.tolist(), ranks.tolist()))


@given(values=VALUES, seed=st.integers(0, 99))
def test_places_are_those_of_a_sort_by_pairs(values: np.ndarray, seed: int) -> None:
    ranks = non_dominated_ranks(values)
    crowding = crowding_distance(values, ranks)
    pairs = [(rank, -distance) for rank, distance in zip(ranks.tolist(), crowding.tolist(), strict=True)]
    known = sorted(set(pairs))
    assert crowded_places(ranks, crowding).tolist() == [known.index(pair) for pair in pairs]


@given(values=st.lists(st.floats(allow_nan=False), max_size=9))
def test_the_fronts_of_one_objective_are_its_values_sorted(values: list[float]) -> None:
    expected = [sorted(set(values), reverse=True).index(value) for value in values]
    assert non_dominated_ranks(np.array(values)).tolist() == expected
    assert non_dominated_ranks(np.array(values)[:, None]).tolist() == expected
    twice = np.repeat(np.array(values)[:, None], 2, axis=1)  # a second objective that says the same
    assert non_dominated_ranks(twice).tolist() == expected


def test_equal_members_are_in_one_front_and_as_crowded() -> None:
    values = np.ones((5, 3))
    ranks = non_dominated_ranks(values)
    assert ranks.tolist() == [0] * 5
    assert crowding_distance(values, ranks).tolist() == [0.0] * 5


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_one_is_a_front_of_its_own_with_room_around_it(objectives: int) -> None:
    values = np.zeros((1, objectives))
    assert non_dominated_ranks(values).tolist() == [0]
    assert crowding_distance(values, np.array([0])).tolist() == [np.inf]


def test_nan_in_one_objective_is_worse_than_any_number_in_all() -> None:
    values = np.array([[np.nan, 1e9], [-5.0, -5.0], [np.nan, np.nan], [-6.0, -4.0], [-np.inf, -4.5]])
    assert non_dominated_ranks(values).tolist() == [2, 0, 2, 0, 1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.7e308])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_crowding_is_a_number_or_infinite_whatever_the_values(bad: float, count: int) -> None:
    values = np.random.default_rng(0).random((5, 2)) - 0.5
    values[:count, 0] *= bad
    ranks = non_dominated_ranks(values)
    for fronts in (ranks, np.zeros(5, np.int64)):
        assert (crowding_distance(values, fronts) >= 0).all()


@given(values=VALUES, scale=st.sampled_from([0.5, 2.0, 1024.0]), shift=st.sampled_from([-8.0, 0.0, 4.0]))
def test_neither_fronts_nor_crowding_depend_on_units(values: np.ndarray, scale: float, shift: float) -> None:
    other = values * scale + shift
    ranks = non_dominated_ranks(values)
    np.testing.assert_array_equal(non_dominated_ranks(other), ranks)
    np.testing.assert_allclose(crowding_distance(other, ranks), crowding_distance(values, ranks))
