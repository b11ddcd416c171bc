"""The genetic algorithm: who survives, who breeds, and whether it gets anywhere."""

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search import Genetic, GeneticSettings, RandomSearch, RandomSettings, genetic
from nasbench_ga.spaces import Space, get_space


def make(space: Space | str = "nats-tss", seed: int = 0, **settings: object) -> Genetic:
    space = get_space(space) if isinstance(space, str) else space
    return Genetic(space, np.random.default_rng(seed), GeneticSettings(**settings))


def told(search: Genetic, steps: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Drives a search with random values; gives what was asked and told."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(steps):
        genotypes = search.ask()
        values = rng.random(len(genotypes))
        history.append((genotypes.copy(), values))
        search.tell(genotypes, values)
    return history


def test_the_defaults_are_the_published_settings() -> None:
    """Population 100, 20 % tournaments, mutation only, full replacement, generation 0 not evaluated."""
    assert GeneticSettings() == GeneticSettings(
        population=100,
        selection="tournament",
        tournament=0.2,
        tournament_probability=1.0,
        elites=0,
        crossover="none",
        step_decay=1.0,
        evaluate_initial=False,
    )


@pytest.mark.parametrize("population", [1, 2, 7, 100])
def test_a_generation_has_the_size_of_the_population(population: int) -> None:
    for genotypes, _ in told(make(population=population), 4):
        assert len(genotypes) == population


@pytest.mark.parametrize("evaluate_initial", [False, True])
def test_generation_zero_is_evaluated_only_if_asked_for(evaluate_initial: bool) -> None:
    search = make(seed=3, evaluate_initial=evaluate_initial)
    sampled = get_space("nats-tss").sample(100, np.random.default_rng(3))
    assert np.array_equal(search.ask(), sampled) == evaluate_initial


def test_first_parents_are_drawn_at_random() -> None:
    """Nobody of generation 0 has a value, so each member wins about as often."""
    parents = np.concatenate([_parents_of(make(population=10, tournament=1.0, seed=seed)) for seed in range(400)])
    counts = np.bincount(parents, minlength=10)
    assert counts.min() > 0.7 * counts.mean()


def _parents_of(search: Genetic) -> np.ndarray:
    """Which members the first children come from, told by an unmistakable population and no mutation."""
    search.space = _Unmutated()
    search.population = np.arange(10, dtype=np.int8)[:, None]
    search.values = np.full(10, -np.inf)
    return search.ask()[:, 0]


class _Unmutated:
    """Lets children be their parents."""

    @staticmethod
    def mutate(genotypes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return genotypes


def test_full_replacement_keeps_nobody() -> None:
    search = make(population=20)
    for genotypes, values in told(search, 5):
        last = genotypes, values
    np.testing.assert_array_equal(search.population, last[0])
    np.testing.assert_array_equal(search.values, last[1])


@pytest.mark.parametrize("elites", [1, 3, 19])
def test_elites_survive_in_place_of_the_worst_children(elites: int) -> None:
    search = make(population=20, elites=elites)
    told(search, 1)
    for seed in range(5):
        before = np.sort(search.values)[::-1]
        ((_, values),) = told(search, 1, seed)
        expected = np.concatenate([before[:elites], np.sort(values)[::-1][: 20 - elites]])
        assert sorted(search.values) == sorted(expected)
        assert len(search.population) == 20


def test_elites_keep_their_own_values() -> None:
    search = make(population=10, elites=2)
    ((genotypes, values),) = told(search, 1)
    best = np.argsort(-values)[:2]
    told(search, 1, seed=1)
    np.testing.assert_array_equal(search.population[:2], genotypes[best])
    np.testing.assert_array_equal(search.values[:2], values[best])


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_what_has_no_value_is_no_elite(bad: float) -> None:
    search = make(population=4, elites=2)
    first = search.ask()
    search.tell(first, np.array([bad, 1.0, bad, bad]))
    second = search.ask()
    search.tell(second, np.full(4, 0.5))
    assert sorted(search.values) == [0.5, 0.5, 0.5, 1.0]


def test_the_best_ever_never_leaves_with_elites() -> None:
    search = make(population=10, elites=1)
    history = told(search, 20)
    assert search.values.max() == max(values.max() for _, values in history)


@pytest.mark.parametrize(("share", "population", "size"), [(0.2, 100, 20), (0.01, 10, 1), (1.0, 7, 7), (0.29, 100, 29)])
def test_a_tournament_is_its_share_of_the_population(
    monkeypatch: pytest.MonkeyPatch, share: float, population: int, size: int
) -> None:
    sizes = []

    def spy(values: np.ndarray, winners: int, size: int, rng: np.random.Generator, **options: object) -> np.ndarray:
        sizes.append(size)
        return rng.integers(len(values), size=winners)

    monkeypatch.setattr(genetic, "tournament", spy)
    make(tournament=share, population=population).ask()
    assert sizes == [size]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"probability": 1.0, "replacement": True}),
        ({"tournament_probability": 0.8}, {"probability": 0.8, "replacement": True}),
        ({"selection": "tournament-without-replacement"}, {"probability": 1.0, "replacement": False}),
    ],
)
def test_tournaments_are_held_as_set(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], expected: dict[str, object]
) -> None:
    held = []

    def spy(values: np.ndarray, winners: int, size: int, rng: np.random.Generator, **options: object) -> np.ndarray:
        held.append(options)
        return rng.integers(len(values), size=winners)

    monkeypatch.setattr(genetic, "tournament", spy)
    make(**settings).ask()
    assert held == [expected]


def test_roulette_selects_what_is_above_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genetic, "tournament", None)
    search = make(selection="roulette", population=5, evaluate_initial=True)
    first = search.ask()
    search.tell(first, np.array([1.0, 9.0, 1.0, np.nan, 1.0]))
    search.ask()
    np.testing.assert_array_equal(search.parents, np.repeat(first[None, 1:2], 5, axis=0))


@pytest.mark.parametrize("selection", ["tournament", "tournament-without-replacement", "roulette"])
@pytest.mark.parametrize("crossover", ["none", "uniform", "k-point"])
def test_parents_are_members_of_the_population(selection: str, crossover: str) -> None:
    search = make(selection=selection, crossover=crossover, population=12, elites=2)
    for _ in range(4):
        told(search, 1)
        members = {tuple(row) for row in search.population.tolist()}
        search.ask()
        assert search.parents.shape == (12, 1 if crossover == "none" else 2, 6)
        assert {tuple(row) for row in search.parents.reshape(-1, 6).tolist()} <= members


def test_generation_zero_comes_from_nobody() -> None:
    search = make(evaluate_initial=True)
    search.ask()
    assert search.parents is None


@pytest.mark.parametrize(
    ("settings", "points"),
    [
        ({"crossover": "uniform"}, None),
        ({"crossover": "k-point", "crossover_points": 3}, 3),
        ({"crossover": "k-point"}, 2),
    ],
)
def test_parents_are_crossed_as_set(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], points: int | None
) -> None:
    search, crossed = make(**settings), []
    original = type(search.space).crossover
    monkeypatch.setattr(
        type(search.space),
        "crossover",
        lambda self, a, b, rng, points: (crossed.append((a, b, points)), original(self, a, b, rng, points))[1],
    )
    search.ask()
    ((a, b, used),) = crossed
    assert used == points
    assert len(a) == len(b) == 100
    assert not np.array_equal(a, b)  # two separate selections


def test_without_crossover_nothing_is_crossed(monkeypatch: pytest.MonkeyPatch) -> None:
    search = make()
    monkeypatch.setattr(type(search.space), "crossover", None)
    assert len(search.ask()) == 100


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 0}, "at least 1 member, not 0"),
        ({"population": -5}, "at least 1 member, not -5"),
        ({"tournament": 0.0}, "above 0 and up to 1, not 0.0"),
        ({"tournament": 1.5}, "above 0 and up to 1, not 1.5"),
        ({"tournament": float("nan")}, "above 0 and up to 1, not nan"),
        ({"selection": "rank"}, "no selection 'rank'.*tournament, tournament-without-replacement, roulette"),
        ({"tournament_probability": 0.0}, "probability above 0 and up to 1, not 0.0"),
        ({"tournament_probability": 1.5}, "probability above 0 and up to 1, not 1.5"),
        ({"tournament_probability": float("nan")}, "probability above 0 and up to 1, not nan"),
        ({"elites": -1}, "not -1"),
        ({"population": 10, "elites": 10}, "0 to 9 members of 10, not 10"),
        ({"crossover": "two-point"}, "two-point"),
        ({"crossover": "k-point", "crossover_points": 0}, "0"),
    ],
)
def test_settings_refuse_what_cannot_be_run(settings: dict[str, object], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        GeneticSettings(**settings)


def test_more_cuts_than_the_space_has_places_are_refused() -> None:
    search = make(crossover="k-point", crossover_points=6)
    with pytest.raises(NasbenchError, match="1 to 5 points, not 6"):
        search.ask()


@pytest.mark.parametrize("batch", [0, -1])
def test_random_search_refuses_an_empty_batch(batch: int) -> None:
    with pytest.raises(NasbenchError, match=f"at least 1 genotype, not {batch}"):
        RandomSettings(batch=batch)


def test_random_search_asks_for_its_batch_and_samples_uniformly() -> None:
    space = get_space("nats-tss")
    search = RandomSearch(space, np.random.default_rng(5), RandomSettings(batch=17))
    rng = np.random.default_rng(5)
    for _ in range(3):
        asked = search.ask()
        np.testing.assert_array_equal(asked, space.sample(17, rng))
        search.tell(asked, np.arange(17.0))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"crossover": "uniform"},
        {"crossover": "k-point"},
        {"elites": 5},
        {"selection": "tournament-without-replacement", "tournament_probability": 0.7},
        {"crossover": "uniform", "crossover_rate": 0.5},
        {"selection": "roulette", "elites": 20},  # its pressure alone is low
    ],
)
@pytest.mark.parametrize("space", ["nb101", "nats-tss", "nats-sss"])
def test_it_climbs_a_simple_hill_better_than_random_search(space: str, settings: dict[str, object]) -> None:
    """Agreement of the features with those of a fixed cell, after 3,000 evaluations, in each of three seeds."""
    space = get_space(space)
    target = space.features(space.sample(1, np.random.default_rng(42)))
    best = {}
    for seed in range(3):
        rivals = {
            "genetic": make(space, seed, **settings),
            "random": RandomSearch(space, np.random.default_rng(seed), RandomSettings()),
        }
        for name, search in rivals.items():
            found = []
            for _ in range(30):
                genotypes = search.ask()
                values = (space.features(genotypes) == target).mean(1).astype(float)
                search.tell(genotypes, values)
                found.append(values.mean())
            best.setdefault(name, []).append(found[-1])
    assert min(best["genetic"]) > max(best["random"]) + 0.05
