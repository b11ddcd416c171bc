"""NAS-EA-FA: what it evaluates, against its pseudocode in plain Python; presets; what it cannot learn from."""

from collections.abc import Iterator

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.search import NASEAFA, NASEAFASettings, UsualBudget
from nasbench_ga.search.nas_ea_fa_settings import PRESETS
from nasbench_ga.spaces import CategoricalSpace, Genotypes, Space, get_space
from nasbench_ga.surrogates import Surrogate, surrogates

SPACES = ["nb101", "nb101-raw9", "nats-tss", "nats-tss-graph", "nats-sss"]


class Memory(Surrogate):
    """Predicts the mean label of the nearest rows that it has seen."""

    def _fit(self, genotypes: Genotypes, values: np.ndarray) -> None:
        self.rows, self.values = self.space.features(genotypes), values

    def _predict(self, genotypes: Genotypes) -> np.ndarray:
        distance = np.abs(self.space.features(genotypes)[:, None] - self.rows[None]).sum(2)
        return np.array([self.values[row == row.min()].mean() for row in distance])


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """A surrogate that needs no library."""
    surrogates.register("memory")(Memory)
    yield
    surrogates.unregister("memory")


class Eight(CategoricalSpace):
    """Eight cells."""

    name = benchmark = "eight"
    cardinalities = np.full(3, 2, np.int8)

    def encode(self, cell: str) -> Genotypes:
        return np.array([int(gene) for gene in cell], np.int8)

    def decode(self, genotype: Genotypes) -> str:
        return "".join(map(str, genotype.tolist()))


def make(space: Space | str = "nats-tss", seed: int = 0, **settings: object) -> NASEAFA:
    space = get_space(space) if isinstance(space, str) else space
    return NASEAFA(space, np.random.default_rng(seed), NASEAFASettings(**{"surrogate": "memory"} | settings))


def value_of(space: Space, genotypes: Genotypes) -> np.ndarray:
    """Some function of the network."""
    return 50 + 40 * np.sin(space.isomorphism_class(genotypes) * 0.37)


def drive(search: NASEAFA, cycles: int) -> list[Genotypes]:
    asked = []
    for _ in range(cycles):
        genotypes = search.ask()
        asked.append(genotypes)
        if not len(genotypes):
            break
        search.tell(genotypes, value_of(search.space, genotypes))
    return asked


def plain_choice(
    space: Space, pool: Genotypes, predicted: list[float], evaluated: list, top: int, farthest: int
) -> list:
    """Which rows of the pool the paper's pseudocode evaluates: one cell after another, one number after another."""

    def network(genotype: np.ndarray) -> int:
        return int(space.isomorphism_class(genotype[None])[0])

    def vectors(genotype: np.ndarray) -> list:
        return space.features(space.isomorphs(genotype)).tolist()

    done = {network(genotype) for genotype in evaluated}
    known = [vector for genotype in evaluated for vector in vectors(genotype)]
    chosen: list[int] = []
    ranked = sorted(range(len(pool)), key=lambda row: -predicted[row])
    for row in ranked:
        if len(chosen) < top and network(pool[row]) not in done:
            done.add(network(pool[row]))
            chosen.append(row)
            known += vectors(pool[row])
    distances = {
        row: min(
            sum(a != b for a, b in zip(space.features(pool[row][None])[0].tolist(), other, strict=True))
            for other in known
        )
        for row in ranked
        if row not in chosen
    }
    for row in sorted(distances, key=lambda row: -distances[row]):
        if len(chosen) < top + farthest and network(pool[row]) not in done:
            done.add(network(pool[row]))
            chosen.append(row)
    return chosen


@pytest.mark.parametrize("name", SPACES)
def test_it_evaluates_what_the_pseudocode_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    space = get_space(name)
    search = make(space, seed=4, population=12, generations=3, top=4, farthest=3)
    pools: list[tuple[Genotypes, np.ndarray]] = []
    for method in ("_random_pool", "_evolved_pool"):
        original = getattr(NASEAFA, method)

        def kept(self: NASEAFA, original=original) -> tuple[Genotypes, np.ndarray]:
            pools.append(original(self))
            return pools[-1]

        monkeypatch.setattr(NASEAFA, method, kept)
    evaluated: list[np.ndarray] = []
    for cycle in range(4):
        asked = search.ask()
        pool, predicted = pools[-1]
        ranks = [0.0] * len(pool) if cycle == 0 else predicted.tolist()
        np.testing.assert_array_equal(asked, pool[plain_choice(space, pool, ranks, evaluated, 4, 3)])
        if cycle:
            np.testing.assert_array_equal(
                search.predicted, predicted[plain_choice(space, pool, ranks, evaluated, 4, 3)]
            )
        search.tell(asked, value_of(space, asked))
        evaluated += list(asked)


@pytest.mark.parametrize("name", SPACES)
def test_the_surrogate_learns_every_encoding_of_every_cell_and_is_made_anew(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, fits = get_space(name), []
    monkeypatch.setattr(
        Memory,
        "_fit",
        lambda self, genotypes, values, original=Memory._fit: (
            fits.append((self, genotypes, values)),
            original(self, genotypes, values),
        ),
    )
    asked = drive(make(space, population=12, generations=2, top=4, farthest=3), 3)
    assert len({id(surrogate) for surrogate, _, _ in fits}) == len({surrogate.seed for surrogate, _, _ in fits}) == 2
    for cycle, (_, genotypes, values) in enumerate(fits):
        evaluated = np.vstack(asked[: cycle + 1])
        expected = {
            (tuple(vector), float(value_of(space, cell[None])[0]))
            for cell in evaluated
            for vector in space.features(space.isomorphs(cell)).tolist()
        }
        assert set(zip(map(tuple, space.features(genotypes).tolist()), values.tolist(), strict=True)) == expected


def test_no_network_is_evaluated_twice() -> None:
    asked = np.vstack(drive(make("nats-tss", population=40, top=12, farthest=8), 8))
    networks = get_space("nats-tss").isomorphism_class(asked)
    assert len(np.unique(networks)) == len(networks) == 160


def test_the_inner_evolution_is_tournaments_and_mutation_on_the_surrogate() -> None:
    """Against a loop over members, with the same random numbers in the same order."""
    search = make(seed=5, population=9, generations=4, top=6, farthest=4, tournament=0.5)
    parents = search.ask()
    labels = value_of(search.space, parents)
    search.tell(parents, labels)
    rng = np.random.default_rng(0)
    rng.bit_generator.state = search.rng.bit_generator.state
    pool, predicted = search._evolved_pool()

    surrogate = Memory(search.space, int(rng.integers(2**32)))
    written = [search.space.isomorphs(cell) for cell in parents]
    encodings = [own[np.unique(search.space.features(own), axis=0, return_index=True)[1]] for own in written]
    surrogate.fit(np.vstack(encodings), np.repeat(labels, [len(own) for own in encodings]))
    population, fitness, expected = parents, labels.tolist(), []
    for _ in range(4):
        entrants = rng.integers(len(population), size=(9, len(population) // 2)).tolist()
        selected = [max(drawn, key=lambda member: fitness[member]) for drawn in entrants]
        population = search.space.mutate(population[selected], rng)
        fitness = [float(surrogate.predict(child[None])[0]) for child in population]
        expected += list(zip(population.tolist(), fitness, strict=True))
    assert len(pool) == len(predicted) == 36
    assert pool.tolist() == [child for child, _ in expected]
    assert predicted.tolist() == pytest.approx([value for _, value in expected])


def test_presets_are_those_of_the_papers() -> None:
    """Pan & Yao: 100/10, 30/20 and 10/10, 3/2, budgets in seconds; Dervisi: ten cycles of 50."""
    sizes = {name: (own.population, own.generations, own.top, own.farthest) for name, own in PRESETS.items()}
    assert sizes == {"dervisi": (100, 10, 30, 20), "pan-nb101": (100, 10, 30, 20), "pan-nb201": (10, 10, 3, 2)}
    budgets = {
        ("dervisi", "cifar10"): UsualBudget(500, None),
        ("pan-nb101", "cifar10"): UsualBudget(None, 6e6),
        ("pan-nb201", "cifar10-valid"): UsualBudget(None, 2e5),
        ("pan-nb201", "cifar100"): UsualBudget(None, 4e5),
        ("pan-nb201", "ImageNet16-120"): UsualBudget(None, 2e6),
        ("pan-nb201", None): UsualBudget(500, None),
    }
    for (preset, dataset), budget in budgets.items():
        assert NASEAFA.usual_budget(NASEAFASettings(preset=preset), dataset) == budget
    assert NASEAFASettings().preset == "dervisi"
    assert NASEAFASettings().tournament == 0.2


def test_what_is_given_goes_before_the_preset() -> None:
    settings = NASEAFASettings(preset="pan-nb201", population=7, farthest=0)
    assert (settings.sizes.population, settings.sizes.generations, settings.sizes.top) == (7, 10, 3)
    assert settings.sizes.farthest == 0
    described = NASEAFA.describe(settings)
    assert (described["population"], described["generations"], described["farthest"]) == (7, 10, 0)


def test_version_1_takes_the_best_predicted_only_and_augments_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    space = get_space("nb101")
    rows, original = [], Memory.fit

    def kept(self: Memory, genotypes: Genotypes, values: np.ndarray) -> None:
        rows.append(len(genotypes))
        original(self, genotypes, values)

    monkeypatch.setattr(Memory, "fit", kept)
    search = make(space, version="v1", population=30, generations=2, top=6, farthest=4)
    asked = drive(search, 3)
    assert [len(genotypes) for genotypes in asked] == [10, 10, 10]
    assert rows == [10, 20]
    assert (np.diff(search.predicted) <= 0).all()


@pytest.mark.parametrize("bad", [np.nan, -np.inf, np.inf])
def test_labels_that_are_no_numbers_are_dropped_and_counted(bad: float) -> None:
    search = make(population=12, generations=2, top=4, farthest=3)
    genotypes = search.ask()
    values = value_of(search.space, genotypes)
    values[[1, 5]] = bad
    search.tell(genotypes, values)
    search.ask()
    assert (search.log[-1]["training_cells"], search.log[-1]["dropped"]) == (5, 2)
    assert np.isfinite(search.predicted).all()


@pytest.mark.parametrize("value", [np.nan, -np.inf, 3.0])
def test_without_anything_to_learn_it_goes_on_and_says_that_it_predicts_nothing(value: float) -> None:
    search = make(population=12, generations=2, top=4, farthest=3)
    for _ in range(3):
        genotypes = search.ask()
        assert len(genotypes) == 7
        assert np.isnan(search.predicted).all()
        search.tell(genotypes, np.full(len(genotypes), value))
    assert (search.log[-1]["training_cells"], search.log[-1]["training_rows"]) == (0, 0)
    assert search.log[-1]["dropped"] == (0 if value == 3.0 else 14)


def test_a_pool_smaller_than_what_it_wants_is_evaluated_and_then_it_ends() -> None:
    search = make(Eight(), population=5, top=30, farthest=20)
    asked = drive(search, 50)
    assert not len(asked[-1])
    cells = search.space.identify(np.vstack(asked))
    assert len(np.unique(cells)) == len(cells) <= 8
    assert search.log[-1]["new"] == 0


def test_it_is_made_from_settings_that_make_sense() -> None:
    for settings, message in (
        ({"preset": "pan"}, "There is no preset 'pan'"),
        ({"version": "v3"}, "v3"),
        ({"population": 0}, "nas_ea_fa.population is an integer, 1 or more, not 0"),
        ({"generations": 0}, "nas_ea_fa.generations is an integer, 1 or more, not 0"),
        ({"top": -1}, "nas_ea_fa.top is an integer, 0 or more, not -1"),
        ({"top": 2.5}, "not 2.5"),
        ({"top": 0, "farthest": 0}, "both 0"),
        ({"tournament": 0.0}, "above 0 and up to 1"),
        ({"defects": ("evaluates-twice",)}, "evaluates-again"),
    ):
        with pytest.raises(NasbenchError, match=message):
            NASEAFASettings(**settings)
    with pytest.raises(UnknownNameError, match="There is no surrogate 'xgbost'; did you mean 'xgboost'"):
        make(surrogate="xgbost")
