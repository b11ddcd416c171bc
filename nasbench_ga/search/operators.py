"""Selection operators as plain functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tournament(values: NDArray[np.float64], winners: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Holds tournaments among `size` entrants drawn with replacement; the best value wins, the first drawn of equals.

    Args:
        values: one a member, shape (n,); NaN loses against every number.
        winners: how many tournaments to hold.
        size: entrants of each.
        rng: source of randomness.

    Returns:
        The winning members, int64, shape (winners,).
    """
    entrants = rng.integers(len(values), size=(winners, size))
    best = np.where(np.isnan(values), -np.inf, values)[entrants].argmax(1)
    return entrants[np.arange(winners), best]
