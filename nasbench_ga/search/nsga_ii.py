"""NSGA-II: an elitist genetic algorithm for many objectives at once (Deb, Pratap, Agarwal & Meyarivan 2002)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search.base import Search, register_search
from nasbench_ga.search.operators import tournament
from nasbench_ga.search.pareto import crowded_places, crowding_distance, non_dominated_ranks
from nasbench_ga.search.variation import Crossover, VariationSettings, breed, check_steps
from nasbench_ga.spaces import Genotypes, Space

ENTRANTS = 2


@dataclass(frozen=True)
class NSGA2Settings(VariationSettings):
    """Settings of NSGA-II; the defaults are those that the paper has for strings of bits."""

    crossover: Crossover = "k-point"
    """How two selected parents are crossed before mutation."""
    crossover_points: int = 1
    """Cuts of k-point crossover."""
    crossover_rate: float = 0.9
    """Share of the children that are crossed; the others are copies of their first parent before mutation."""


@register_search("nsga-ii")
class NSGA2(Search):
    """Parents and children together are sorted into fronts; the first fronts survive, the last by crowding distance.

    With one objective this is an elitist (mu + lambda) algorithm. A cell counts once: what is in the population again,
    in whichever encoding, comes after all others, and survives only to fill the population.

    Attributes:
        population: what survived, best first, shape (n, genes).
        values: of each, shape (n, objectives).
        ranks: the front of each, shape (n,): 0 for those that nothing dominates, each cell once.
        places: the place of each by the crowded comparison, which equals share, shape (n,).
    """

    Settings = NSGA2Settings
    settings: NSGA2Settings
    multi_objective = True

    def __init__(self, space: Space, rng: np.random.Generator, settings: NSGA2Settings) -> None:
        super().__init__(space, rng, settings)
        check_steps(space, settings)
        self.population = np.empty((0, space.genes), np.int8)
        self.values = np.empty((0, 0))
        self.ranks = self.places = np.empty(0, np.int64)
        self.generation = 0

    def ask(self) -> Genotypes:
        """Generation 0, and then the children of the population."""
        if not len(self.population):
            return self.space.sample(self.settings.population, self.rng)
        self.generation += 1
        children, self.parents = breed(self.space, self._select, self.settings, self.generation, self.rng)
        return children

    def _select(self) -> Genotypes:
        """The winners of binary tournaments by the crowded comparison."""
        worth = -self.places.astype(np.float64)
        return self.population[tournament(worth, len(self.population), ENTRANTS, self.rng)]

    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """The best of parents and children are the next population.

        Args:
            genotypes: all that `ask` gave, shape (n, genes).
            values: of each objective, all maximised, shape (n, m); or (n,) of a single one. A genotype with a NaN among
                its values is worse than any without.

        Raises:
            NasbenchError: another shape, or another number of objectives than before.
        """
        values = self._objectives(values)
        genotypes, values = np.vstack([self.population, genotypes]), np.vstack([self.values, values])
        ranks = self._ranks(genotypes, values)
        places = crowded_places(ranks, crowding_distance(values, ranks))
        best = np.argsort(places, kind="stable")[: self.settings.population]
        self.population, self.values = genotypes[best], values[best]
        self.ranks, self.places = ranks[best], places[best]

    def _ranks(self, genotypes: Genotypes, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The fronts of different cells, the first of each, and behind them those of the ones that come again."""
        again = np.ones(len(genotypes), bool)
        again[np.unique(self.space.identify(genotypes), return_index=True)[1]] = False
        ranks = np.empty(len(genotypes), np.int64)
        ranks[~again] = non_dominated_ranks(values[~again])
        ranks[again] = non_dominated_ranks(values[again]) + ranks[~again].max() + 1
        return ranks

    def _objectives(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values, shape (n, m), after making sure that they can be compared with the population's."""
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or not values.shape[1]:
            raise NasbenchError(f"Values have the shape (n,) or (n, objectives), not {values.shape}.")
        if not len(self.population):
            self.values = np.empty((0, values.shape[1]))
        if values.shape[1] != self.values.shape[1]:
            raise NasbenchError(f"There are {values.shape[1]} objectives now, and there were {self.values.shape[1]}.")
        return values
