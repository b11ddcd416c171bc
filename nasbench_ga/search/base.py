"""What every search offers: ask for candidates, tell their values, and keep or take up its state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space

searches: Registry[type[Search]] = Registry("algorithm")
register_search = searches.register


@dataclass(frozen=True)
class NoSettings:
    """The settings of a search that has none."""


@dataclass(frozen=True)
class UsualBudget:
    """What a repeat may cost where nobody said: evaluations, seconds of evaluations, or both."""

    evaluations: int | None = None
    seconds: float | None = None


class Search(ABC):
    """An algorithm that proposes genotypes and learns from their values; higher values are better.

    Args:
        space: where it searches.
        rng: its only source of randomness. Draw from it, and do not spawn: children are not resumed.
        settings: an instance of the class's `Settings`.

    Raises:
        NasbenchError: settings of another class, where the search has settings.

    Attributes:
        multi_objective: whether `tell` takes many values of each genotype.
        slow_to_ask: whether `ask` takes long enough (10 ms and more) that repeats may ask in processes of their own.
        predicted: the values that it expects of what it asked for last, float64, shape (n,), for the record; None if
            it expects none.
        parents: what each of the genotypes that it asked for last was made from, int8, shape (n, p, genes); None if
            they were made from nothing, or if it does not say.
        log: what it says of each `ask`, for the record: a dictionary of plain values each.
    """

    Settings: ClassVar[type[Any]] = NoSettings
    multi_objective: ClassVar[bool] = False
    slow_to_ask: ClassVar[bool] = False
    _fixed: ClassVar[frozenset[str]] = frozenset(("space", "rng", "settings"))

    predicted: NDArray[np.float64] | None = None
    parents: Genotypes | None = None
    log: Sequence[Mapping[str, Any]] = ()

    def __init__(self, space: Space, rng: np.random.Generator, settings: Any) -> None:
        if self.Settings is not NoSettings and not isinstance(settings, self.Settings):
            raise NasbenchError(
                f"The settings of {type(self).__name__} are {self.Settings.__name__}, not {type(settings).__name__}."
            )
        self.space = space
        self.rng = rng
        self.settings = settings
        self.parents = None

    @abstractmethod
    def ask(self) -> Genotypes:
        """The genotypes to evaluate next, int8, shape (n, genes); n = 0 ends the search."""

    @abstractmethod
    def tell(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """Takes the values, float64, of all genotypes that `ask` gave; NaN is worse than any number.

        Their shape is (n,); a search that is `multi_objective` also takes (n, m), m objectives that are all maximised.
        """

    @classmethod
    def describe(cls, settings: Any) -> dict[str, Any]:
        """The settings as the record has them: plain values by name."""
        return asdict(settings)

    @classmethod
    def usual_budget(cls, settings: Any, dataset: str | None) -> UsualBudget | None:  # noqa: ARG003
        """What a repeat may cost where nobody said; None leaves that to the fitness.

        Args:
            settings: an instance of `Settings`.
            dataset: that is searched on, None if no table tells.
        """
        return None

    def state(self) -> dict[str, Any]:
        """All that changes while it runs, as plain containers and arrays."""
        own = {key: value for key, value in vars(self).items() if key not in self._fixed}
        return own | {"rng": self.rng.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from where `state` was taken."""
        own = dict(state)
        self.rng.bit_generator.state = own.pop("rng")
        vars(self).update(own)
