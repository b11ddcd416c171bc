"""NAS-EA-FA V2 on NAS-Bench-101 as one would write it first: one candidate, one training row, one bit after another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from bench import plain_nb101
from bench.plain_nb101 import Genotype

POPULATION, GENERATIONS, TOP, FARTHEST = 100, 10, 30, 20
INNER = plain_nb101.VERTICES - 2


def encodings(genotype: Genotype) -> list[list[float]]:
    """The bits of every order of the pruned cell's inner vertices that keeps edges pointing forward."""
    matrix, operations = plain_nb101.pruned_cell(genotype)
    size, found = len(matrix), set()
    for middle in itertools.permutations(range(1, size - 1)):
        order = (0, *middle, size - 1)
        edges = [(i, j) for i in range(size) for j in range(size) if matrix[order[i]][order[j]]]
        if all(i < j for i, j in edges):
            bits = [0.0] * (plain_nb101.OPERATIONS * INNER + len(plain_nb101.EDGES))
            for place, vertex in enumerate(middle):
                bits[plain_nb101.OPERATIONS * place + operations[vertex - 1]] = 1.0
            for edge in edges:
                bits[plain_nb101.OPERATIONS * INNER + plain_nb101.EDGES.index(edge)] = 1.0
            found.add(tuple(bits))
    return [list(bits) for bits in found]


def smallest_distance(vector: Sequence[float], others: Sequence[Sequence[float]]) -> float:
    """The Hamming distance to the nearest of some vectors."""
    return min(sum(a != b for a, b in zip(vector, other, strict=True)) for other in others)


def search(accuracies: Mapping[str, float], cycles: int, rng: np.random.Generator) -> float:
    """The highest accuracy found after cycles of 50 evaluations."""
    from xgboost import XGBRegressor

    pool = [(0.0, plain_nb101.sample(rng)) for _ in range(POPULATION)]
    seen: set[str] = set()
    rows: list[list[float]] = []
    labels: list[float] = []
    best = -math.inf
    for _ in range(cycles):
        evaluated: list[tuple[float, Genotype]] = []

        def evaluate(genotype: Genotype, evaluated: list[tuple[float, Genotype]] = evaluated) -> None:
            name = plain_nb101.module_hash(*plain_nb101.pruned_cell(genotype))
            if name not in seen:
                seen.add(name)
                evaluated.append((accuracies[name], genotype))
                own = encodings(genotype)
                rows.extend(own)
                labels.extend([accuracies[name]] * len(own))

        ranked = iter(sorted(pool, key=lambda member: -member[0]))
        while len(evaluated) < TOP:
            evaluate(next(ranked)[1])
        others = [genotype for _, genotype in ranked]
        distances = [smallest_distance(plain_nb101.features(genotype), rows) for genotype in others]
        for number in sorted(range(len(others)), key=lambda n: -distances[n]):
            if len(evaluated) < TOP + FARTHEST:
                evaluate(others[number])
        best = max(best, *(accuracy for accuracy, _ in evaluated))
        trees = XGBRegressor(eta=0.1, n_jobs=1).fit(np.array(rows), np.array(labels))
        population, pool = evaluated, []
        for _ in range(GENERATIONS):
            children = []
            for _ in range(POPULATION):
                entrants = rng.integers(len(population), size=max(1, len(population) // 5)).tolist()
                child = plain_nb101.mutate(max((population[n] for n in entrants), key=lambda m: m[0])[1], rng)
                children.append((float(trees.predict(np.array([plain_nb101.features(child)]))[0]), child))
            population = children
            pool += children
    return best
