"""The topology space of NATS-Bench without this package, per genotype; a genotype is a tuple of six integers."""

from __future__ import annotations

import numpy as np

EDGES, OPERATIONS = 6, 5
ENDS = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

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
    """One-hot of the operations but for none: 24 bits, all zero for an edge on no path from input to output."""
    present = [operation > 0 for operation in genotype]
    reached, reaching = {0}, {3}
    for edge, (source, target) in enumerate(ENDS):
        if present[edge] and source in reached:
            reached.add(target)
    for edge, (source, target) in reversed(list(enumerate(ENDS))):
        if present[edge] and target in reaching:
            reaching.add(source)
    used = [source in reached and target in reaching for source, target in ENDS]
    return [
        float(use and operation == wanted)
        for use, operation in zip(used, genotype, strict=True)
        for wanted in range(1, OPERATIONS)
    ]
