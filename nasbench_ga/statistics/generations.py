"""How good the cells are that each generation of a search evaluates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows


@dataclass(frozen=True)
class Generations:
    """Quantiles of what each generation evaluated, over all repeats together.

    Attributes:
        evaluations: float64, shape (generations,), ascending: spent by the end of it, the mean over repeats; a repeat
            that has ended counts with all that it spent.
        low: float64, shape (generations,): the 10 % quantile; NaN where nothing has a number.
        median: float64, shape (generations,).
        high: float64, shape (generations,): the 90 % quantile.
    """

    evaluations: NDArray[np.float64]
    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = {array.shape for array in vars(self).values()}
        rising = np.isfinite(self.evaluations).all() and np.all(np.diff(self.evaluations) > 0)
        if len(shapes) != 1 or self.evaluations.ndim != 1 or len(self.evaluations) == 0 or not rising:
            raise NasbenchError(
                f"Expected one number a generation, shape (generations,), and evaluations that rise, got shapes "
                f"{', '.join(str(array.shape) for array in vars(self).values())} and evaluations {self.evaluations}."
            )


def by_generation(rows: Rows, values: NDArray[np.float64] | None = None) -> Generations:
    """The quantiles of each generation (or cycle), over the finite values of all repeats.

    Args:
        rows: evaluations by repeat and step.
        values: of each, shape (n,), in place of the fitness.

    Raises:
        NasbenchError: there are no rows, or not as many values.
    """
    found = rows.value if values is None else np.asarray(values, np.float64)
    if len(rows) == 0 or found.shape != rows.value.shape:
        raise NasbenchError(f"Expected a value of each of at least one evaluation, got {found.shape} of {len(rows)}.")
    numbers, which, counts = np.unique(rows.generation, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    quantiles = np.full((len(numbers), 3), np.nan)
    for generation, own in enumerate(np.split(found[order], counts.cumsum()[:-1])):
        if (finite := own[np.isfinite(own)]).size:
            quantiles[generation] = np.quantile(finite, [0.1, 0.5, 0.9])
    repeats = len(np.unique(rows.repeat))
    return Generations(counts.cumsum() / repeats, *np.ascontiguousarray(quantiles.T))
