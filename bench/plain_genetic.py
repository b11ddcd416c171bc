"""The genetic algorithm of the study on NAS-Bench-101, one individual after another."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bench import plain_nb101

POPULATION = 100
ENTRANTS = 20


def search(accuracies: Mapping[str, float], generations: int, rng: np.random.Generator) -> float:
    """The highest accuracy found; tournament, mutation, full replacement, generation 0 not evaluated.

    Args:
        accuracies: by module hash.
        generations: of 100 evaluations each.
        rng: source of randomness.
    """
    population = [plain_nb101.sample(rng) for _ in range(POPULATION)]
    values = [-math.inf] * POPULATION
    known: dict[plain_nb101.Genotype, float] = {}
    best = -math.inf
    for _ in range(generations):
        children, children_values = [], []
        for _ in range(POPULATION):
            entrants = rng.integers(POPULATION, size=ENTRANTS).tolist()
            child = plain_nb101.mutate(population[max(entrants, key=values.__getitem__)], rng)
            if child not in known:
                known[child] = accuracies[plain_nb101.module_hash(*plain_nb101.pruned_cell(child))]
            children.append(child)
            children_values.append(known[child])
        population, values = children, children_values
        best = max(best, *values)
    return best
