"""The genetic algorithm of Dervisi's study: tournament selection, bitwise mutation, full replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.search.base import Search, register_search
from nasbench_ga.search.operators import check_tournament, tournament, tournament_size
from nasbench_ga.spaces import Genotypes, Space

Crossover = Literal["none", "uniform", "k-point"]


@dataclass(frozen=True)
class GeneticSettings:
    """Settings of the genetic algorithm; the defaults are the study's."""

    population: int = 100
    """Members of a generation."""
    tournament: float = 0.2
    """Entrants of a tournament, drawn with replacement, as a share of the population."""
    elites: int = 0
    """The best members that survive a generation in place of its worst children; 0 is full replacement."""
    crossover: Crossover = "none"
    """How two selected parents are crossed before mutation."""
    crossover_points: int = 2
    """Cuts of k-point crossover."""
    evaluate_initial: bool = False
    """Evaluate generation 0; the study does not, so that its first parents are drawn at random."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        if self.population < 1:
            raise NasbenchError(f"A population has at least 1 member, not {self.population}.")
        check_tournament(self.tournament)
        if self.crossover not in get_args(Crossover):
            raise UnknownNameError("crossover", self.crossover, get_args(Crossover))
        if self.crossover_points < 1:
            raise NasbenchError(f"Crossover has at least 1 point, not {self.crossover_points}.")
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
        self.population = np.empty((0, space.genes), np.int8)
        self.values = np.empty(0)

    def ask(self) -> Genotypes:
        """The next generation's children, or generation 0 itself if that is evaluated."""
        if not len(self.population):
            self.population = self.space.sample(self.settings.population, self.rng)
            self.values = np.full(len(self.population), -np.inf)
            if self.settings.evaluate_initial:
                return self.population
        children = self._select()
        if self.settings.crossover != "none":
            points = self.settings.crossover_points if self.settings.crossover == "k-point" else None
            children = self.space.crossover(children, self._select(), self.rng, points)
        return self.space.mutate(children, self.rng)

    def _select(self) -> Genotypes:
        members = len(self.population)
        size = tournament_size(self.settings.tournament, members)
        return self.population[tournament(self.values, members, size, self.rng)]

    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """The children replace the population, but for its elites."""
        values = np.where(np.isnan(values), -np.inf, values)
        if elites := min(self.settings.elites, int(np.isfinite(self.values).sum())):
            survivors = np.argsort(-self.values, kind="stable")[:elites]
            children = np.sort(np.argsort(-values, kind="stable")[: len(values) - elites])
            genotypes = np.vstack([self.population[survivors], genotypes[children]])
            values = np.concatenate([self.values[survivors], values[children]])
        self.population, self.values = genotypes, values
