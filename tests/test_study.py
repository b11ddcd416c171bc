"""The study: repeats that do not touch each other, budgets, and nothing evaluated twice."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import Evaluation, Fitness
from nasbench_ga.memo import Memo
from nasbench_ga.rows import Rows
from nasbench_ga.search import Genetic, GeneticSettings, RandomSearch, RandomSettings, Search, searches
from nasbench_ga.spaces import CategoricalSpace, Genotypes, Space, get_space, spaces
from nasbench_ga.study import Budget, Study


class Counted:
    """A fitness that notes what it was asked; its value and cost follow from the cell."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.asked: list[np.ndarray] = []

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        ids = self.space.identify(genotypes)
        self.asked.append(ids)
        return Evaluation(np.sin(ids * 0.37), 1.0 + ids % 7, {"double": 2.0 * ids})


def make_study(space: Space, budget: Budget, repeats: int = 3, algorithm: str = "genetic", **options: Any) -> Study:
    chosen = searches[algorithm]
    fitness = options.pop("fitness", None) or Counted(space)
    return Study(
        space,
        fitness,
        lambda rng: chosen(space, rng, chosen.Settings()),
        repeats,
        options.pop("seed", 0),
        budget,
        **options,
    )


def run_to_end(study: Study) -> Rows:
    parts = []
    while not study.finished:
        parts.append(study.advance())
    rows = Rows.concatenate(parts, study.space.genes)
    return rows.take(np.lexsort((rows.step, rows.repeat)))


@pytest.mark.parametrize("algorithm", list(searches))
@pytest.mark.parametrize("name", list(spaces))
def test_repeat_of_many_equals_the_repeat_alone(name: str, algorithm: str) -> None:
    space = get_space(name)
    together = run_to_end(make_study(space, Budget(250), repeats=4, algorithm=algorithm))
    for number in (1, 3):
        alone = run_to_end(make_study(space, Budget(250), repeats=4, algorithm=algorithm, only=[number]))
        own = together.take(np.flatnonzero(together.repeat == number))
        np.testing.assert_array_equal(alone.genotype, own.genotype)
        np.testing.assert_array_equal(alone.value, own.value)


def test_repeats_differ_and_more_of_them_change_none() -> None:
    space = get_space("nats-tss")
    few, many = (run_to_end(make_study(space, Budget(200), repeats=n)) for n in (2, 5))
    np.testing.assert_array_equal(few.genotype, many.genotype[: len(few)])
    assert (few.genotype[:200] != few.genotype[200:]).any()


def test_no_cell_is_evaluated_twice() -> None:
    space = get_space("nats-tss")
    fitness = Counted(space)
    rows = run_to_end(make_study(space, Budget(1000), fitness=fitness))
    asked = np.concatenate(fitness.asked)
    assert len(asked) == len(np.unique(asked)) < len(rows)
    np.testing.assert_array_equal(rows.value, np.sin(rows.id * 0.37))
    np.testing.assert_array_equal(rows.extras["double"], 2.0 * rows.id)


@given(evaluations=st.integers(1, 350), repeats=st.integers(1, 3))
@settings(max_examples=25)
def test_every_repeat_uses_exactly_its_evaluations(evaluations: int, repeats: int) -> None:
    rows = run_to_end(make_study(get_space("nats-sss"), Budget(evaluations), repeats=repeats))
    assert np.bincount(rows.repeat).tolist() == [evaluations] * repeats
    for number in range(repeats):
        assert rows.step[rows.repeat == number].tolist() == list(range(evaluations))


@given(seconds=st.floats(10, 2000))
@settings(max_examples=25)
def test_a_budget_in_seconds_is_never_exceeded_and_always_used(seconds: float) -> None:
    space = get_space("nats-sss")
    rows = run_to_end(make_study(space, Budget(None, seconds), repeats=2))
    longer = run_to_end(make_study(space, Budget(None, seconds + 8), repeats=2))
    for number in range(2):
        spent = rows.seconds[rows.repeat == number].sum()
        assert spent <= seconds < spent + 7.001
        assert (longer.repeat == number).sum() > (rows.repeat == number).sum()


def test_a_shorter_budget_is_a_prefix() -> None:
    space = get_space("nb101")
    short, long = (run_to_end(make_study(space, Budget(n), repeats=1)) for n in (250, 600))
    np.testing.assert_array_equal(short.genotype, long.genotype[:250])


def test_unknown_seconds_cannot_be_budgeted() -> None:
    space = get_space("nats-sss")

    def free(genotypes: Genotypes) -> Evaluation:
        return Evaluation(np.zeros(len(genotypes)), np.full(len(genotypes), np.nan))

    with pytest.raises(NasbenchError, match="needs the cost of every evaluation"):
        make_study(space, Budget(None, 10.0), fitness=free).advance()
    assert len(run_to_end(make_study(space, Budget(120), fitness=free, repeats=1))) == 120


def test_a_budget_too_small_for_anything_is_refused() -> None:
    with pytest.raises(NasbenchError, match=r"0\.5 seconds does not pay .* in repeat 0, of which the first takes \d"):
        make_study(get_space("nats-sss"), Budget(None, 0.5)).advance()


@pytest.mark.parametrize(("evaluations", "seconds"), [(None, None), (0, None), (-1, None), (None, 0.0), (5, -1.0)])
def test_budgets_without_end_or_content_are_refused(evaluations: int | None, seconds: float | None) -> None:
    with pytest.raises(NasbenchError, match="budget"):
        Budget(evaluations, seconds)


def test_a_study_has_repeats() -> None:
    with pytest.raises(NasbenchError, match="at least 1 repeat and at most 1,000,000, not 0"):
        make_study(get_space("nats-sss"), Budget(10), repeats=0)


def test_a_fitness_of_the_wrong_shape_is_named() -> None:
    space = get_space("nats-sss")
    memo = Memo(space, lambda genotypes: Evaluation(np.zeros(3), np.zeros(len(genotypes))))
    genotypes = space.enumerate()[:10]
    with pytest.raises(
        NasbenchError, match=r"one real value for each genotype, shape \(10,\); got float64 of shape \(3,\)"
    ):
        memo.evaluate(genotypes, space.identify(genotypes))


def test_a_search_that_asks_for_nothing_ends() -> None:
    class Twice(RandomSearch):
        asked = 0

        def ask(self) -> Genotypes:
            self.asked += 1
            return super().ask() if self.asked <= 2 else np.empty((0, self.space.genes), np.int8)

    space = get_space("nats-sss")
    study = Study(space, Counted(space), lambda rng: Twice(space, rng, RandomSettings(7)), 2, 0, Budget(1000))
    assert len(run_to_end(study)) == 2 * 2 * 7


def test_a_search_that_asks_for_no_architecture_is_named() -> None:
    class Wrong(Search):
        def ask(self) -> Genotypes:
            return np.zeros((1, 26), np.int8)

        def tell(self, genotypes: Genotypes, values: np.ndarray) -> None: ...

    space = get_space("nb101")
    with pytest.raises(NasbenchError, match="is no nb101 cell"):
        Study(space, Counted(space), lambda rng: Wrong(space, rng, None), 1, 0, Budget(10)).advance()


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4])
def test_a_restored_study_goes_on_as_if_it_had_not_stopped(stop_after: int) -> None:
    space = get_space("nb101")
    whole = run_to_end(make_study(space, Budget(450), repeats=2))

    first = make_study(space, Budget(450), repeats=2)
    parts = [first.advance() for _ in range(stop_after)]
    rows = Rows.concatenate(parts, space.genes)
    second = make_study(space, Budget(450), repeats=2)
    second.restore(first.state(), rows)
    rest = [second.advance() for _ in iter(lambda: second.finished, True)]
    joined = Rows.concatenate([*parts, *rest], space.genes)
    joined = joined.take(np.lexsort((joined.step, joined.repeat)))
    for name in ("repeat", "step", "generation", "id", "genotype", "value", "seconds"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    asked = np.concatenate([rows.id[:0], *second.fitness.function.asked])
    assert not np.isin(asked, rows.id).any()


def test_genetic_search_beats_random_search_on_a_table_like_fitness() -> None:
    space = get_space("nats-sss")

    def widest(genotypes: Genotypes) -> Evaluation:
        return Evaluation(genotypes.sum(1).astype(float), np.ones(len(genotypes)))

    def best(search: type[Search], options: Any) -> list[float]:
        study = Study(space, widest, lambda rng: search(space, rng, options), 20, 0, Budget(300))
        rows = run_to_end(study)
        return [float(rows.value[rows.repeat == number].max()) for number in range(20)]

    genetic = best(Genetic, GeneticSettings(population=20))
    assert np.mean(genetic) > np.mean(best(RandomSearch, RandomSettings())) + 1


@pytest.mark.parametrize("name", list(spaces))
def test_a_fitness_that_reads_genotypes_sees_the_same_one_whatever_the_other_repeats_do(name: str) -> None:
    """Of the many genotypes of one cell, the fitness is always given the same."""
    space = get_space(name)

    def ones(genotypes: Genotypes) -> Evaluation:
        return Evaluation(genotypes.sum(1).astype(float), np.ones(len(genotypes)))

    together = run_to_end(make_study(space, Budget(400), repeats=4, fitness=ones))
    for number in range(4):
        alone = run_to_end(make_study(space, Budget(400), repeats=4, fitness=ones, only=[number]))
        own = together.take(np.flatnonzero(together.repeat == number))
        np.testing.assert_array_equal(alone.value, own.value)
        np.testing.assert_array_equal(alone.genotype, own.genotype)


@pytest.mark.parametrize("name", list(spaces))
def test_a_fitness_of_networks_is_asked_once_for_each_network(name: str) -> None:
    space = get_space(name)
    asked = []

    class OfNetworks(Fitness):
        per_network = True

        def __call__(self, genotypes: Genotypes) -> Evaluation:
            asked.append(genotypes)
            return Evaluation(genotypes.sum(1).astype(float), np.ones(len(genotypes)))

    rows = run_to_end(make_study(space, Budget(500), fitness=OfNetworks()))
    standing_for = space.canonical(rows.genotype, per_network=True)
    assert {*map(bytes, np.concatenate(asked))} == {*map(bytes, standing_for)}
    assert len(np.concatenate(asked)) == len({*map(bytes, standing_for)})
    np.testing.assert_array_equal(rows.value, standing_for.sum(1))


def test_no_more_is_evaluated_than_the_budget_pays_for() -> None:
    space = get_space("nb101")
    fitness = Counted(space)
    run_to_end(make_study(space, Budget(10), repeats=2, fitness=fitness))
    assert sum(map(len, fitness.asked)) <= 20


def test_an_unknown_cost_behind_the_end_of_the_budget_does_not_matter() -> None:
    assert Budget(None, 10.0).affordable(0.0, np.array([4.0, 4.0, 4.0, np.nan])) == 2
    with pytest.raises(NasbenchError, match="needs the cost"):
        Budget(None, 10.0).affordable(0.0, np.array([4.0, np.nan, 4.0]))


def test_a_study_needs_a_seed_that_numpy_takes() -> None:
    with pytest.raises(NasbenchError, match="A seed is 0 or a positive integer, not -1"):
        make_study(get_space("nats-sss"), Budget(10), seed=-1)


def test_extras_cannot_pass_for_the_fitness() -> None:
    space = get_space("nats-sss")
    genotypes = space.enumerate()[:3]
    memo = Memo(space, lambda g: Evaluation(np.zeros(len(g)), np.zeros(len(g)), {"value": np.ones(len(g))}))
    with pytest.raises(NasbenchError, match="names of their own, not 'value'"):
        memo.evaluate(genotypes, space.identify(genotypes))


def test_a_space_too_large_to_tabulate_can_be_searched() -> None:
    class Large(CategoricalSpace):
        name = benchmark = "large"
        cardinalities = np.full(20, 5, np.int8)

        def encode(self, cell: str) -> np.ndarray:
            return np.array(list(cell), np.int8)

        def decode(self, genotype: np.ndarray) -> str:
            return "".join(map(str, genotype))

    space = Large()
    assert space.size == 5**20
    rows = run_to_end(
        make_study(space, Budget(300), repeats=1, fitness=lambda g: Evaluation(g.sum(1) * 1.0, g[:, 0] * 1.0))
    )
    np.testing.assert_array_equal(rows.value, rows.genotype.sum(1))


def test_a_search_that_never_asks_is_named() -> None:
    class Silent(RandomSearch):
        def ask(self) -> Genotypes:
            return np.empty((0, self.space.genes), np.int8)

    space = get_space("nats-sss")
    with pytest.raises(NasbenchError, match="asks for nothing"):
        Study(space, Counted(space), lambda rng: Silent(space, rng, RandomSettings(7)), 1, 0, Budget(10)).advance()


GOOD = np.zeros(3)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (None, "gives an Evaluation, not NoneType"),
        (GOOD, "gives an Evaluation, not ndarray"),
        (Evaluation(np.array(["a"] * 3), GOOD), "one real value for each genotype"),
        (Evaluation(GOOD * 1j, GOOD), "one real value for each genotype"),
        (Evaluation(GOOD + np.inf, GOOD), "infinite value"),
        (Evaluation(GOOD, GOOD - 1), "negative seconds"),
        (Evaluation(GOOD, GOOD, {"repeat": GOOD}), "names of their own, not 'repeat'"),
        (Evaluation(GOOD, GOOD, {"cifar10/test/108": GOOD}), "names of their own, not 'cifar10/test/108'"),
        (Evaluation(GOOD, GOOD, {"mine": GOOD[:2]}), "one real mine for each genotype"),
    ],
)
def test_a_fitness_that_gives_nonsense_is_named(outcome: Any, expected: str) -> None:
    space = get_space("nats-sss")
    genotypes = space.enumerate()[:3]
    with pytest.raises(NasbenchError, match=expected):
        Memo(space, lambda _: outcome).evaluate(genotypes, space.identify(genotypes))


@pytest.mark.parametrize(
    "cardinalities", [np.array([2, 1], np.int8), [2, 2], np.array([2, 2]), np.full(70, 8, np.int8)]
)
def test_a_space_that_cannot_be_is_refused_where_it_is_written(cardinalities: Any) -> None:
    with pytest.raises(NasbenchError, match=r"cardinalities of Impossible|cannot be numbered"):
        type("Impossible", (CategoricalSpace,), {"name": "x", "benchmark": "x", "cardinalities": cardinalities})


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros((10, 1)), 3.0])
def test_predictions_are_one_for_each_candidate(wrong: object) -> None:
    space = get_space("nats-tss")
    study = make_study(space, Budget(100), repeats=1, algorithm="random")
    study.repeats[0].search.predicted = wrong
    with pytest.raises(NasbenchError, match=r"shape \(100,\); got shape"):
        study.advance()


# --- Evaluations that take long


class Slow(Fitness):
    """A fitness that is told of parents, and has other values in each repeat; every evaluation takes three seconds."""

    in_turn = True

    def __init__(self, repeat: int | None = None) -> None:
        self.repeat = repeat
        self.asked: list[tuple[int, np.ndarray | None]] = []
        self.repeats: list[Slow] = []

    def of_repeat(self, repeat: int) -> "Slow":
        self.repeats.append(Slow(repeat))
        return self.repeats[-1]

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        return self._told(genotypes, None)

    def of_children(self, genotypes: Genotypes, parents: Genotypes) -> Evaluation:
        return self._told(genotypes, parents)

    def _told(self, genotypes: Genotypes, parents: Genotypes | None) -> Evaluation:
        assert self.repeat is not None
        assert len(genotypes) == 1
        self.asked.append((int(get_space("nats-tss").identify(genotypes)[0]), parents))
        return Evaluation(genotypes.sum(1) + 100.0 * self.repeat, np.full(1, 3.0))


def test_what_takes_long_is_asked_for_one_at_a_time_and_only_as_far_as_it_is_paid() -> None:
    space, fitness = get_space("nats-tss"), Slow()
    settings = GeneticSettings(population=5, evaluate_initial=True)
    study = Study(space, fitness, lambda rng: Genetic(space, rng, settings), 3, 0, Budget(None, 40.0))
    rows = run_to_end(study)
    for own in fitness.repeats:
        mine = rows.take(np.flatnonzero(rows.repeat == own.repeat))
        assert len(mine) == 13  # of 3 seconds each
        assert (mine.value // 100 == own.repeat).all()
        asked = [number for number, _ in own.asked]
        assert len({*asked}) == len(asked) <= 14
        assert {*asked} >= {*mine.id.tolist()}


def test_a_cell_met_again_is_paid_before_others_are_evaluated() -> None:
    space = get_space("nats-tss")
    genotypes = space.genotypes_of(np.array([5, 5, 6, 5, 7, 8]))
    memo = Memo(space, Slow(0))
    told = memo.evaluate(genotypes, space.identify(genotypes), seconds_left=10.0)
    assert told.seconds.tolist() == [3, 3, 3, 3, np.inf, np.inf]
    assert [number for number, _ in memo.fitness.asked] == [5, 6]  # type: ignore[attr-defined]
    assert np.isnan(told.value[4:]).all()


def test_what_takes_long_is_told_its_parents() -> None:
    space, fitness = get_space("nats-tss"), Slow()
    settings = GeneticSettings(population=5, evaluate_initial=True, crossover="uniform")
    study = Study(space, fitness, lambda rng: Genetic(space, rng, settings), 1, 0, Budget(20))
    rows = run_to_end(study)
    (own,) = fitness.repeats
    by_number = dict(own.asked)
    first = rows.id[rows.generation == 0].tolist()
    assert all(by_number[number] is None for number in first)
    for number, parents in own.asked:
        if number not in first:
            assert parents is not None
            assert parents.shape == (1, 2, space.genes)
            assert np.isin(space.identify(parents[0]), rows.id).all()


def test_a_search_for_several_objectives_is_told_all_of_them() -> None:
    space = get_space("nats-tss")

    class Both(Fitness):
        objectives = {"more": 1, "less": -1}  # noqa: RUF012

        def __call__(self, genotypes: Genotypes) -> Evaluation:
            first, last = genotypes[:, 0].astype(float), genotypes[:, -1].astype(float)
            return Evaluation(first, np.ones(len(first)), {"more": first, "less": last})

    told = []

    class Listening(RandomSearch):
        multi_objective = True

        def tell(self, genotypes: Genotypes, values: np.ndarray) -> None:
            told.append((genotypes, values))

    run_to_end(Study(space, Both(), lambda rng: Listening(space, rng, RandomSettings(10)), 1, 0, Budget(30)))
    for genotypes, values in told:
        np.testing.assert_array_equal(values, np.stack([genotypes[:, 0], -genotypes[:, -1]], 1))
