"""What every search offers: ask for candidates, tell their values, and keep or take up its state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space

searches: Registry[type[Search]] = Registry("algorithm")
register_search = searches.register


@dataclass(frozen=True)
class NoSettings:
    """The settings of a search that has none."""


class Search(ABC):
    """An algorithm that proposes genotypes and learns from their values; higher values are better.

    Args:
        space: where it searches.
        rng: its only source of randomness. Draw from it, and do not spawn: children are not resumed.
        settings: an instance of the class's `Settings`.
    """

    Settings: ClassVar[type[Any]] = NoSettings

    def __init__(self, space: Space, rng: np.random.Generator, settings: Any) -> None:
        self.space = space
        self.rng = rng
        self.settings = settings

    @abstractmethod
    def ask(self) -> Genotypes:
        """The genotypes to evaluate next, int8, shape (n, genes); n = 0 ends the search."""

    @abstractmethod
    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """Takes the values, float64, shape (n,), of all genotypes that `ask` gave; NaN is worse than any number."""

    def state(self) -> dict[str, Any]:
        """All that changes while it runs, as plain containers and arrays."""
        return {key: value for key, value in vars(self).items() if key not in ("space", "rng", "settings")} | {
            "rng": self.rng.bit_generator.state
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from where `state` was taken."""
        own = dict(state)
        self.rng.bit_generator.state = own.pop("rng")
        vars(self).update(own)
