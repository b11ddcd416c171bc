"""Breeding: who was crossed, what from, and how steps shrink."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search import NSGA2, Genetic, GeneticSettings, NSGA2Settings, Search
from nasbench_ga.search.variation import VariationSettings, breed
from nasbench_ga.spaces import Genotypes, get_space
from tests.search.stepped import Digits, Ladder

KINDS: list[type[Search]] = [Genetic, NSGA2]


class Copying(Digits):
    """Mutation that changes nothing."""

    def mutate(self, genotypes: Genotypes, rng: np.random.Generator) -> Genotypes:
        return genotypes


def selection(*selected: Genotypes) -> object:
    """Gives one after the other."""
    following = iter(selected)
    return lambda: next(following)


def bred(settings: VariationSettings, n: int = 4000) -> tuple[Genotypes, Genotypes, Genotypes, Genotypes]:
    """First parents of threes, second ones of sevens; their children and what these were made from."""
    first, second = np.full((n, 6), 3, np.int8), np.full((n, 6), 7, np.int8)
    return first, second, *breed(Copying(), selection(first, second), settings, 1, np.random.default_rng(0))


def test_without_crossover_each_child_has_one_parent() -> None:
    first, _, children, parents = bred(VariationSettings())
    assert parents.shape == (4000, 1, 6)
    np.testing.assert_array_equal(parents[:, 0], first)
    np.testing.assert_array_equal(children, first)


@pytest.mark.parametrize("crossover", ["uniform", "k-point"])
def test_a_crossed_child_has_two_parents_and_genes_of_both(crossover: str) -> None:
    first, second, children, parents = bred(VariationSettings(crossover=crossover))
    np.testing.assert_array_equal(parents, np.stack([first, second], 1))
    assert ((children == first) | (children == second)).all()
    assert (children != first).any(1).mean() > 0.9


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_the_share_of_the_crossed_is_the_rate(rate: float) -> None:
    first, second, children, parents = bred(VariationSettings(crossover="k-point", crossover_rate=rate))
    crossed = (parents[:, 1] == second).all(1)
    assert stats.binomtest(int(crossed.sum()), len(crossed), rate).pvalue > 1e-4
    np.testing.assert_array_equal(parents[:, 0], first)
    np.testing.assert_array_equal(parents[~crossed, 1], first[~crossed])
    np.testing.assert_array_equal(children[~crossed], first[~crossed])
    assert (children[crossed] != first[crossed]).any(1).all()  # two cuts lie between different places


def test_a_rate_of_one_draws_nothing() -> None:
    """So that searches from before there was a rate find what they found."""
    space, rng = get_space("nats-tss"), np.random.default_rng(1)
    first, second = (space.sample(50, np.random.default_rng(seed)) for seed in (2, 3))
    expected = space.mutate(space.crossover(first, second, rng, 2), rng)
    settings = VariationSettings(crossover="k-point")
    children, _ = breed(space, selection(first, second), settings, 1, np.random.default_rng(1))
    np.testing.assert_array_equal(children, expected)


def test_steps_shrink_by_their_factor_down_to_the_least() -> None:
    settings = VariationSettings(step_decay=0.5, least_step=0.2)
    assert [settings.step(generation) for generation in range(1, 6)] == [1.0, 0.5, 0.25, 0.2, 0.2]
    assert VariationSettings().step(1000) == 1.0


def ran(search: Search, generations: int) -> None:
    for _ in range(generations):
        genotypes = search.ask()
        search.tell(genotypes, genotypes.sum(1).astype(float))


@pytest.mark.parametrize("evaluate_initial", [False, True])
def test_the_first_children_of_the_genetic_algorithm_have_whole_steps(evaluate_initial: bool) -> None:
    space = Ladder()
    settings = GeneticSettings(population=5, step_decay=0.5, evaluate_initial=evaluate_initial)
    ran(Genetic(space, np.random.default_rng(0), settings), 6)
    assert space.steps == [1.0, 0.5, 0.25, 0.125, 0.1, 0.1][: 6 - evaluate_initial]


def test_the_first_children_of_nsga_ii_have_whole_steps() -> None:
    space = Ladder()
    ran(NSGA2(space, np.random.default_rng(0), NSGA2Settings(population=5, step_decay=0.5)), 6)
    assert space.steps == [1.0, 0.5, 0.25, 0.125, 0.1]  # generation 0 is evaluated


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_search_goes_on_with_the_steps_it_had(kind: type[Search]) -> None:
    settings = kind.Settings(population=5, step_decay=0.7)
    search, space = kind(Ladder(), np.random.default_rng(0), settings), Ladder()
    ran(search, 4)
    resumed = kind(space, np.random.default_rng(9), settings)
    resumed.restore(search.state())
    np.testing.assert_array_equal(resumed.ask(), search.ask())
    assert space.steps == search.space.steps[-1:]
    assert space.steps[0] < 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("space", ["nb101", "nats-sss"])
def test_steps_cannot_shrink_where_there_are_none(kind: type[Search], space: str) -> None:
    settings = kind.Settings(step_decay=0.9)
    with pytest.raises(NasbenchError, match=f"step_decay is 0.9, but mutation in {space} has no steps.*Leave it at 1"):
        kind(get_space(space), np.random.default_rng(0), settings)
    kind(get_space(space), np.random.default_rng(0), replace(settings, step_decay=1.0))


@pytest.mark.parametrize("kind", KINDS)
def test_steps_that_do_not_shrink_are_left_to_the_space(kind: type[Search]) -> None:
    search = kind(Digits(), np.random.default_rng(0), kind.Settings(population=4))
    ran(search, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 0}, "at least 1 member, not 0"),
        ({"crossover": "two-point"}, "no crossover 'two-point'"),
        ({"crossover_points": 0}, "at least 1 point, not 0"),
        ({"crossover_rate": -0.1}, "crossed is 0 to 1, not -0.1"),
        ({"crossover_rate": 1.1}, "crossed is 0 to 1, not 1.1"),
        ({"crossover_rate": float("nan")}, "crossed is 0 to 1, not nan"),
        ({"step_decay": 0.0}, "step_decay is above 0 and up to 1, not 0.0"),
        ({"step_decay": 1.01}, "step_decay is above 0 and up to 1, not 1.01"),
        ({"step_decay": float("nan")}, "step_decay is above 0 and up to 1, not nan"),
        ({"least_step": 0.0}, "least_step is above 0 and up to 1, not 0.0"),
        ({"least_step": 2.0}, "least_step is above 0 and up to 1, not 2.0"),
    ],
)
def test_settings_refuse_what_cannot_be_run(kind: type[Search], settings: dict[str, object], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        kind.Settings(**settings)
