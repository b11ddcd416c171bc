"""Random search, the control that every algorithm has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search.base import Search, register_search
from nasbench_ga.spaces import Genotypes


@dataclass(frozen=True)
class RandomSettings:
    """Settings of random search."""

    batch: int = 100
    """Genotypes drawn at a time."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        if self.batch < 1:
            raise NasbenchError(f"A batch has at least 1 genotype, not {self.batch}.")


@register_search("random")
class RandomSearch(Search):
    """Draws genotypes independently; a cell may come up again."""

    Settings = RandomSettings
    settings: RandomSettings

    def ask(self) -> Genotypes:
        """The next batch."""
        return self.space.sample(self.settings.batch, self.rng)

    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """Learns nothing."""
