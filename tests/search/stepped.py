"""A small space of numbers, and one whose mutation has steps, for tests of searches that let them shrink."""

import numpy as np

from nasbench_ga.spaces import CategoricalSpace, Genotypes


class Digits(CategoricalSpace):
    """Six numbers from 0 to 9."""

    name = benchmark = "digits"
    cardinalities = np.full(6, 10, np.int8)

    def encode(self, cell: str) -> Genotypes:
        return np.array([int(gene) for gene in cell], np.int8)

    def decode(self, genotype: Genotypes) -> str:
        return "".join(map(str, genotype.tolist()))


class Ladder(Digits):
    """The same, which mutation moves up or down by at most nine times its step; it keeps the steps that it was told."""

    name = benchmark = "ladder"

    def __init__(self) -> None:
        self.steps: list[float] = []

    def mutate(self, genotypes: Genotypes, rng: np.random.Generator, step: float = 1.0) -> Genotypes:
        self.steps.append(step)
        most = round(9 * step)
        moved = genotypes + rng.integers(-most, most + 1, size=genotypes.shape)
        return np.clip(moved, 0, 9).astype(np.int8)
