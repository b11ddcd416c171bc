"""What every registered search promises, on every registered space."""

import pickle
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import load_plain_pickle
from nasbench_ga.search import Search, searches
from nasbench_ga.spaces import Space

Maker = Callable[..., Search]
STEPS = 4


def drive(search: Search, values: np.random.Generator, steps: int = STEPS) -> list[np.ndarray]:
    """Answers what is asked with random values; gives everything asked."""
    asked = []
    for _ in range(steps):
        genotypes = search.ask()
        asked.append(genotypes.copy())
        search.tell(genotypes, values.random(len(genotypes)))
    return asked


def assert_same(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_asks_for_valid_genotypes_only(make: Maker, space: Space, seed: int) -> None:
    for genotypes in drive(make(seed), np.random.default_rng(seed)):
        assert genotypes.dtype == np.int8
        assert genotypes.ndim == 2
        assert len(genotypes) > 0
        assert space.is_valid(genotypes).all()


def test_says_what_was_made_from_what(make: Maker, space: Space) -> None:
    search, values = make(1), np.random.default_rng(0)
    assert search.parents is None
    for _ in range(STEPS):
        genotypes = search.ask()
        if search.parents is not None:
            assert search.parents.dtype == np.int8
            assert search.parents.ndim == 3
            assert search.parents.shape == (len(genotypes), search.parents.shape[1], space.genes)
            assert search.parents.shape[1] in (1, 2)
            assert space.is_valid(search.parents.reshape(-1, space.genes)).all()
        search.tell(genotypes, values.random(len(genotypes)))


def test_what_was_asked_for_has_its_parents_after_resuming(make: Maker) -> None:
    search = make(1)
    start = search.state()
    drive(search, np.random.default_rng(0))
    search.ask()
    resumed = make(2)
    resumed.restore(search.state())
    np.testing.assert_array_equal(resumed.parents, search.parents)
    search.restore(start)
    assert search.parents is None


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_many_values_can_be_told_where_they_are_understood(make: Maker, space: Space, objectives: int) -> None:
    search, values = make(1), np.random.default_rng(0)
    if not search.multi_objective:
        return
    for _ in range(STEPS):
        genotypes = search.ask()
        told = values.random((len(genotypes), objectives))
        told[0], told[1:3] = np.nan, -np.inf
        search.tell(genotypes, told)
        assert space.is_valid(search.ask()).all()


def test_one_seed_is_one_search(make: Maker) -> None:
    first, second = (drive(make(7), np.random.default_rng(1)) for _ in range(2))
    assert_same(first, second)
    other = drive(make(8), np.random.default_rng(1))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("steps", range(STEPS))
def test_a_restored_search_goes_on_as_the_uninterrupted_one(make: Maker, steps: int) -> None:
    search = make(3)
    values = np.random.default_rng(0)
    drive(search, values, steps)
    state, values_state = search.state(), values.bit_generator.state
    expected = drive(search, values)
    resumed = make(99)
    resumed.restore(state)
    values.bit_generator.state = values_state
    assert_same(drive(resumed, values), expected)


@pytest.mark.parametrize("steps", range(STEPS))
def test_the_state_survives_on_disk_as_plain_data(make: Maker, steps: int) -> None:
    search = make(4)
    drive(search, np.random.default_rng(0), steps)
    content = pickle.dumps(search.state())
    expected = drive(search, np.random.default_rng(1))
    resumed = make(99)
    resumed.restore(load_plain_pickle(content, "a state"))
    assert_same(drive(resumed, np.random.default_rng(1)), expected)


def test_the_state_is_not_changed_by_going_on(make: Maker) -> None:
    search = make(5)
    drive(search, np.random.default_rng(0))
    state = search.state()
    before = pickle.dumps(state)
    drive(search, np.random.default_rng(1))
    assert pickle.dumps(state) == before


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, 0.0])
def test_any_value_can_be_told(make: Maker, space: Space, value: float) -> None:
    search = make(6)
    for _ in range(STEPS):
        genotypes = search.ask()
        search.tell(genotypes, np.full(len(genotypes), value))
    assert space.is_valid(search.ask()).all()


def test_what_is_told_stays_as_it_is(make: Maker) -> None:
    search = make(2)
    for _ in range(STEPS):
        genotypes = search.ask()
        values = np.random.default_rng(0).random(len(genotypes))
        values[0] = np.nan
        before = genotypes.copy(), values.copy()
        search.tell(genotypes, values)
        np.testing.assert_array_equal(genotypes, before[0])
        np.testing.assert_array_equal(values, before[1])


def test_leaves_global_randomness_alone_and_does_not_need_it(make: Maker) -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first = drive(make(0), np.random.default_rng(0))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert_same(drive(make(0), np.random.default_rng(0)), first)


def test_settings_are_frozen_and_have_defaults(make: Maker) -> None:
    search = make()
    assert search.settings == type(search).Settings()
    for name in vars(search.settings):
        with pytest.raises(AttributeError):
            setattr(search.settings, name, None)


def test_settings_of_another_search_are_refused(make: Maker, space: Space) -> None:
    kind = type(make())
    with pytest.raises(NasbenchError, match=f"The settings of {kind.__name__} are {kind.Settings.__name__}, not dict"):
        kind(space, np.random.default_rng(0), {})


def test_an_unknown_algorithm_is_named_with_all_there_are() -> None:
    with pytest.raises(NasbenchError, match="There is no algorithm 'genetics'; did you mean 'genetic'") as caught:
        searches["genetics"]
    assert all(name in str(caught.value) for name in searches)
