"""Empirical distribution functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.statistics.samples import Runs, as_sample


@dataclass(frozen=True)
class EmpiricalDistribution:
    """The share of runs that came to at most so much: a step function, continuous from the right.

    Attributes:
        name: of the runs.
        value: float64, shape (m,), ascending: the different numbers that runs came to.
        share: float64, shape (m,), ascending to 1: of the runs at or below each.
    """

    name: str
    value: NDArray[np.float64]
    share: NDArray[np.float64]

    def at(self, values: ArrayLike) -> NDArray[np.float64]:
        """The share of runs at or below each value, of the same shape."""
        place = np.searchsorted(self.value, np.asarray(values, np.float64), side="right")
        return np.concatenate([[0.0], self.share])[place]


def empirical_distribution(runs: Runs, name: str = "the runs") -> EmpiricalDistribution:
    """The empirical distribution function of runs, shape (n,).

    Raises:
        NasbenchError: fewer than two runs, or one without a finite number.
    """
    sample = as_sample(runs, name)
    value, counts = np.unique(sample.values, return_counts=True)
    return EmpiricalDistribution(sample.name, value, counts.cumsum() / len(sample))
