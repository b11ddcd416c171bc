"""NSGA-II: whom it lets survive and breed, and whether it finds fronts that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search import NSGA2, NSGA2Settings
from nasbench_ga.search.pareto import crowded_places, crowding_distance, non_dominated_ranks
from nasbench_ga.spaces import Genotypes, Space, get_space
from tests.search.stepped import Digits


def make(space: Space | str = "nats-sss", seed: int = 0, **settings: object) -> NSGA2:
    space = get_space(space) if isinstance(space, str) else space
    return NSGA2(space, np.random.default_rng(seed), NSGA2Settings(**settings))


def test_the_defaults_are_the_published_settings() -> None:
    """Population 100, single-point crossover of nine in ten (Deb et al. 2002, V)."""
    assert NSGA2Settings() == NSGA2Settings(
        population=100, crossover="k-point", crossover_points=1, crossover_rate=0.9, step_decay=1.0
    )


def test_generation_zero_is_evaluated_and_survives_as_it_is() -> None:
    search = make(population=20)
    sampled = get_space("nats-sss").sample(20, np.random.default_rng(0))
    asked = search.ask()
    np.testing.assert_array_equal(asked, sampled)
    assert search.parents is None
    search.tell(asked, np.random.default_rng(1).random((20, 2)))
    assert sorted(search.population.tolist()) == sorted(asked.tolist())


@settings(max_examples=20)
@given(seed=st.integers(0, 999), objectives=st.integers(1, 4))
def test_survivors_are_the_first_fronts_and_the_least_crowded_of_the_last(seed: int, objectives: int) -> None:
    """Of all that were there, cells that come again left out; equally good cells may stand in for each other."""
    search, rng = make("nb101", seed, population=12), np.random.default_rng(seed)
    for _ in range(4):
        asked = search.ask()
        before = list(zip(search.population, search.values, strict=True))
        values = rng.integers(0, 6, (len(asked), objectives)).astype(float)
        search.tell(asked, values)
        known: dict[int, tuple[Genotypes, np.ndarray]] = {}
        for genotype, own in [*before, *zip(asked, values, strict=True)]:
            known.setdefault(int(search.space.identify(genotype[None])[0]), (genotype, own))
        ids = search.space.identify(search.population)
        assert len(search.population) == 12
        distinct = min(12, len(known))
        assert len(set(ids[:distinct].tolist())) == distinct
        all_values = np.array([own for _, own in known.values()])
        ranks = non_dominated_ranks(all_values)
        places = crowded_places(ranks, crowding_distance(all_values, ranks))
        assert search.ranks[:distinct].tolist() == sorted(ranks.tolist())[:distinct]
        assert search.places[:distinct].tolist() == sorted(places.tolist())[:distinct]
        for number, own in zip(ids[:distinct].tolist(), search.values, strict=False):
            np.testing.assert_array_equal(known[number][1], own)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_with_one_objective_the_best_of_all_different_cells_survive(shape: tuple[int, ...]) -> None:
    """Values are a function of the cell here, so what survives heads the sorted list of everything so far."""
    space, best = get_space("nats-sss"), {}
    search = make(space, population=10)
    weights = np.random.default_rng(3).random(space.genes)
    for _ in range(8):
        asked = search.ask()
        told = asked @ weights
        best |= dict(zip(map(tuple, asked.tolist()), told.tolist(), strict=True))
        search.tell(asked, told.reshape(shape))
        assert search.values[:, 0].tolist() == sorted(best.values(), reverse=True)[:10]


def test_copies_fill_a_population_only_if_there_is_nothing_else() -> None:
    search = make(population=6)
    cells = get_space("nats-sss").sample(3, np.random.default_rng(1))
    asked = cells[[0, 0, 1, 1, 1, 2]]
    search.ask()
    search.tell(asked, np.array([9.0, 9.0, 5.0, 5.0, 5.0, 1.0]))
    np.testing.assert_array_equal(search.population, cells[[0, 1, 2, 0, 1, 1]])
    children = get_space("nats-sss").sample(6, np.random.default_rng(2))
    search.tell(children, np.zeros(6))
    assert search.values[:, 0].tolist() == [9.0, 5.0, 1.0, 0.0, 0.0, 0.0]


def test_a_cell_keeps_the_value_it_was_first_told() -> None:
    search = make(population=2)
    asked = search.ask()
    search.tell(asked, np.array([1.0, 2.0]))
    search.tell(asked, np.array([7.0, 7.0]))
    assert search.values[:, 0].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_what_failed_does_not_survive_for_its_other_values(bad: float) -> None:
    search = make(population=4)
    asked = search.ask()
    search.tell(asked, np.array([[bad, bad], [0.1, 0.1], [0.2, 0.0], [bad, bad]]))
    fresh = get_space("nats-sss").sample(4, np.random.default_rng(8))
    search.tell(fresh, np.array([[np.nan, 99.0], [0.0, 0.0], [0.0, 0.05], [np.nan, np.nan]]))
    assert np.isfinite(search.values).all()
    assert search.values.max() < 1


def test_parents_win_binary_tournaments_by_the_crowded_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """The j-th of n different members wins with (2 (n - j) + 1) / n^2, so the best far more often than the last."""
    search = make(population=20, crossover="none")
    search.tell(search.ask(), np.random.default_rng(0).random((20, 2)))
    assert (np.diff(search.places) >= 0).all()
    assert search.places[0] == 0
    won = np.concatenate([_winners(search) for _ in range(300)])
    counts = np.bincount(won, minlength=20) / len(won)
    better = (search.places[:, None] < search.places).sum(1)
    equal = (search.places[:, None] == search.places).sum(1)
    np.testing.assert_allclose(counts, (2 * better + equal) / 400, atol=0.015)


def _winners(search: NSGA2) -> np.ndarray:
    """The numbers of the selected, told by an unmistakable population."""
    search.population = np.arange(20, dtype=np.int8)[:, None]
    return search._select()[:, 0]


@pytest.mark.parametrize("name", ["nb101", "nats-tss", "nats-sss"])
def test_children_have_parents_in_the_population(name: str) -> None:
    search, rng = make(name, population=10), np.random.default_rng(0)
    search.tell(search.ask(), rng.random((10, 2)))
    for _ in range(3):
        members = {tuple(row) for row in search.population.tolist()}
        asked = search.ask()
        assert search.parents.shape == (10, 2, search.space.genes)
        assert {tuple(row) for row in search.parents.reshape(20, -1).tolist()} <= members
        search.tell(asked, rng.random((10, 2)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((6, 0), r"\(n,\) or \(n, objectives\), not \(6, 0\)"), ((6, 2, 2), r"not \(6, 2, 2\)")],
)
def test_values_of_other_shapes_are_refused(shape: tuple[int, ...], message: str) -> None:
    search = make(population=6)
    asked = search.ask()
    with pytest.raises(NasbenchError, match=message):
        search.tell(asked, np.zeros(shape))


def test_another_number_of_objectives_is_refused() -> None:
    search = make(population=6)
    search.tell(search.ask(), np.zeros((6, 2)))
    with pytest.raises(NasbenchError, match="There are 3 objectives now, and there were 2"):
        search.tell(search.ask(), np.zeros((6, 3)))


@pytest.mark.parametrize("seed", range(3))
def test_a_known_front_is_found_and_covered(seed: int) -> None:
    """Like ZDT1: the first number is one objective; the others, 0 on the front, only worsen the other one."""
    search = make(Digits(), seed, population=30)
    for _ in range(60):
        asked = search.ask()
        first = asked[:, 0] / 9
        g = 1 + asked[:, 1:].mean(1)
        search.tell(asked, -np.stack([first, g * (1 - np.sqrt(first / g))], 1))
    front = search.population[search.ranks == 0]
    assert sorted(front.tolist()) == [[number, 0, 0, 0, 0, 0] for number in range(10)]


def test_the_front_of_leading_ones_and_trailing_zeros_is_found() -> None:
    """LOTZ (Laumanns et al. 2002): its front are the n + 1 strings 1..10..0."""

    class Bits(Digits):
        name = benchmark = "bits"
        cardinalities = np.full(8, 2, np.int8)

    search = make(Bits(), 1, population=20)
    for _ in range(60):
        asked = search.ask()
        ones = np.cumprod(asked, 1).sum(1)
        zeros = np.cumprod(1 - asked[:, ::-1], 1).sum(1)
        search.tell(asked, np.stack([ones, zeros], 1).astype(float))
    found = {"".join(map(str, row)) for row in search.population[search.ranks == 0].tolist()}
    assert found == {"1" * ones + "0" * (8 - ones) for ones in range(9)}
