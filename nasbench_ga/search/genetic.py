"""The genetic algorithm; by its defaults that of Dervisi's study: tournaments, mutation alone, full replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.search.base import Search, register_search
from nasbench_ga.search.operators import check_tournament, roulette, tournament, tournament_size
from nasbench_ga.search.variation import VariationSettings, breed, check_steps
from nasbench_ga.spaces import Genotypes, Space

Selection = Literal["tournament", "tournament-without-replacement", "roulette"]


@dataclass(frozen=True)
class GeneticSettings(VariationSettings):
    """Settings of the genetic algorithm; the defaults are the study's."""

    selection: Selection = "tournament"
    """How parents are selected: in tournaments, whose entrants are drawn with or without replacement, or by roulette,
    in proportion to how far their value is above the worst of the population."""
    tournament: float = 0.2
    """Entrants of a tournament as a share of the population."""
    tournament_probability: float = 1.0
    """p with which the best of a tournament wins; the second does with p (1 - p), and so on."""
    elites: int = 0
    """The best members that survive a generation in place of its worst children; 0 is full replacement."""
    evaluate_initial: bool = False
    """Evaluate generation 0; the study does not, so that its first parents are drawn at random."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        super().__post_init__()
        if self.selection not in get_args(Selection):
            raise UnknownNameError("selection", self.selection, get_args(Selection))
        check_tournament(self.tournament)
        if not 0 < self.tournament_probability <= 1:
            raise NasbenchError(
                f"The best wins a tournament with a probability above 0 and up to 1, not {self.tournament_probability}."
            )
        if not 0 <= self.elites < self.population:
            raise NasbenchError(
                f"Elites are 0 to {self.population - 1} members of {self.population}, not {self.elites}."
            )


@register_search("genetic")
class Genetic(Search):
    """Select, cross, mutate, evaluate, replace."""

    Settings = GeneticSettings
    settings: GeneticSettings

    def __init__(self, space: Space, rng: np.random.Generator, settings: GeneticSettings) -> None:
        super().__init__(space, rng, settings)
        check_steps(space, settings)
        self.population = np.empty((0, space.genes), np.int8)
        self.values = np.empty(0)
        self.generation = 0

    def ask(self) -> Genotypes:
        """The next generation's children, or generation 0 itself if that is evaluated."""
        if not len(self.population):
            self.population = self.space.sample(self.settings.population, self.rng)
            self.values = np.full(len(self.population), -np.inf)
            if self.settings.evaluate_initial:
                return self.population
        self.generation += 1
        children, self.parents = breed(self.space, self._select, self.settings, self.generation, self.rng)
        return children

    def _select(self) -> Genotypes:
        """As many parents as there are members."""
        members, own = len(self.population), self.settings
        if own.selection == "roulette":
            return self.population[roulette(self.values, members, self.rng)]
        winners = tournament(
            self.values,
            members,
            tournament_size(own.tournament, members),
            self.rng,
            probability=own.tournament_probability,
            replacement=own.selection == "tournament",
        )
        return self.population[winners]

    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """The children replace the population, but for its elites."""
        values = np.where(np.isnan(values), -np.inf, values)
        if elites := min(self.settings.elites, int(np.isfinite(self.values).sum())):
            survivors = np.argsort(-self.values, kind="stable")[:elites]
            children = np.sort(np.argsort(-values, kind="stable")[: len(values) - elites])
            genotypes = np.vstack([self.population[survivors], genotypes[children]])
            values = np.concatenate([self.values[survivors], values[children]])
        self.population, self.values = genotypes, values
