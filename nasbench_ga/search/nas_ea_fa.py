"""NAS-EA-FA V2: evolution on a surrogate that the evaluated cells teach (Pan & Yao, IJCNN 2021)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NothingToLearnError
from nasbench_ga.search.base import Search, UsualBudget, register_search
from nasbench_ga.search.nas_ea_fa_settings import NASEAFASettings
from nasbench_ga.search.operators import tournament, tournament_size
from nasbench_ga.search.training_set import training_set
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.surrogates import Surrogate, surrogates, usable

NOTHING_LEARNED = {"training_cells": 0, "training_rows": 0, "dropped": 0}


@register_search("nas-ea-fa")
class NASEAFA(Search):
    """Evaluate the best predicted and the farthest, augment, refit, evolve on the surrogate, and again.

    What was evaluated last are the parents of the next inner evolution; the union of its generations is the next pool.
    """

    Settings = NASEAFASettings
    settings: NASEAFASettings
    slow_to_ask = True
    _fixed = Search._fixed | {"surrogate", "sizes", "training_set"}

    def __init__(self, space: Space, rng: np.random.Generator, settings: NASEAFASettings) -> None:
        super().__init__(space, rng, settings)
        self.sizes = settings.sizes
        self.surrogate: type[Surrogate] = surrogates[settings.surrogate]
        self.surrogate(space)  # what it lacks is told before anything is evaluated
        self.training_set = training_set(space, settings.version == "v2", settings.switched_on)
        self.cells = self.breeders = np.empty((0, space.genes), np.int8)
        self.labels = self.fitness = np.empty(0)

    @classmethod
    def usual_budget(cls, settings: NASEAFASettings, dataset: str | None) -> UsualBudget | None:
        """The preset's."""
        return settings.usual_budget(dataset)

    @classmethod
    def describe(cls, settings: NASEAFASettings) -> dict[str, Any]:
        """The settings, the preset's sizes among them."""
        sizes = {name: getattr(settings.sizes, name) for name in ("population", "generations", "top", "farthest")}
        return super().describe(settings) | sizes | {"defects": settings.switched_on}

    def ask(self) -> Genotypes:
        """The K best predicted of the pool, and of the others the H farthest from whatever was evaluated."""
        pool, predicted = self._evolved_pool() if len(self.cells) else self._random_pool()
        ranked = np.argsort(-predicted, kind="stable")
        new = ranked[self.training_set.new(pool[ranked], self.cells)]
        top = new[: self.sizes.top]
        farthest = self._farthest(pool, ranked[~np.isin(ranked, top)], np.vstack([self.cells, pool[top]]))
        chosen = np.concatenate([top, farthest])
        self.predicted = predicted[chosen]
        wanted = self.sizes.top + self.sizes.farthest
        self.log = [*self.log[:-1], {**self.log[-1], "pool": len(pool), "new": len(new), "wanted": wanted}]
        return pool[chosen]

    def _farthest(self, pool: Genotypes, others: NDArray[np.int64], known: Genotypes) -> NDArray[np.int64]:
        """The H of the others, each network once, whose smallest distance to what is known is largest."""
        if not self.sizes.farthest:
            return others[:0]
        distance = self.training_set.distance(pool[others], known)
        by_distance = others[np.argsort(-distance, kind="stable")]
        return by_distance[self.training_set.new(pool[by_distance], known)][: self.sizes.farthest]

    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """The evaluated cells join the training set and are the next parents."""
        self.cells, self.labels = np.vstack([self.cells, genotypes]), np.concatenate([self.labels, values])
        self.breeders, self.fitness = genotypes, values

    def _random_pool(self) -> tuple[Genotypes, NDArray[np.float64]]:
        """A random population, of which nothing is predicted."""
        self.log = [NOTHING_LEARNED]
        size = self.sizes.population
        return self.space.sample(size, self.rng), np.full(size, np.nan)

    def _evolved_pool(self) -> tuple[Genotypes, NDArray[np.float64]]:
        """The union of the generations of a mutation-only evolution on a fresh surrogate, and what that predicts."""
        surrogate = self._fitted_surrogate()
        population, fitness = self.breeders, self.fitness
        pool, predicted = [], []
        for _ in range(self.sizes.generations):
            size = tournament_size(self.settings.tournament, len(population))
            winners = tournament(fitness, self.sizes.population, size, self.rng)
            population = self.space.mutate(population[winners], self.rng)
            fitness = surrogate.predict(population) if surrogate else np.full(len(population), np.nan)
            pool.append(population)
            predicted.append(fitness)
        return np.vstack(pool), np.concatenate(predicted)

    def _fitted_surrogate(self) -> Surrogate | None:
        """A surrogate that has learned from all that was evaluated; None if there is nothing to learn from it."""
        surrogate = self.surrogate(self.space, int(self.rng.integers(2**32)))
        encodings, owner = self.training_set.examples(self.cells, surrogate.sees_order)
        labels = self.labels[owner]
        self.log = [*self.log, {**NOTHING_LEARNED, "dropped": int((~usable(self.labels)).sum())}]
        try:
            surrogate.fit(encodings, labels)
        except NothingToLearnError:
            return None
        learned = owner[usable(labels)]
        counts = {"training_cells": len(np.unique(learned)), "training_rows": len(learned)}
        self.log = [*self.log[:-1], {**self.log[-1], **counts}]
        return surrogate
