"""What a fitness is, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.tables import Protocol as TableProtocol
from nasbench_ga.tables import Table


@dataclass(frozen=True)
class Evaluation:
    """The outcome of evaluating n genotypes.

    Attributes:
        value: what is maximised, float64, shape (n,); NaN if there is none.
        seconds: what each evaluation cost, float64, shape (n,): simulated training seconds for a table, measured
            seconds otherwise; NaN if unknown.
        extras: further numbers worth recording, each float64, shape (n,).
    """

    value: NDArray[np.float64]
    seconds: NDArray[np.float64]
    extras: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


class Fitness(Protocol):
    """Anything that evaluates genotypes; called with different cells only, as a study evaluates none twice."""

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Evaluates valid genotypes, int8, shape (n, genes)."""


@dataclass(frozen=True)
class FitnessContext:
    """What a fitness may be made from.

    Attributes:
        space: the space that is searched.
        table: the table at hand, None if there is none.
        protocol: which of the table's metrics to search on and to report, None without a table.
    """

    space: Space
    table: Table | None
    protocol: TableProtocol | None


fitnesses: Registry[Callable[[FitnessContext], Fitness]] = Registry("fitness")
"""Factories of fitness functions, by name."""
register_fitness = fitnesses.register
