"""The topology space of NATS-Bench without this package, per genotype; a genotype is a tuple of six integers."""

from __future__ import annotations

import numpy as np

EDGES, OPERATIONS = 6, 5

Genotype = tuple[int, ...]


def sample(rng: np.random.Generator) -> Genotype:
    """Draws every operation."""
    return tuple(rng.integers(OPERATIONS, size=EDGES).tolist())


def mutate(genotype: Genotype, rng: np.random.Generator) -> Genotype:
    """Each operation changes to another with probability 1/6."""
    operations = list(genotype)
    for edge, chance in enumerate(rng.random(EDGES).tolist()):
        if chance < 1 / EDGES:
            operations[edge] = (operations[edge] + int(rng.integers(1, OPERATIONS))) % OPERATIONS
    return tuple(operations)


def features(genotype: Genotype) -> list[float]:
    """One-hot of the operations but for none, which is all zero: 24 bits."""
    return [float(operation == wanted) for operation in genotype for wanted in range(1, OPERATIONS)]
