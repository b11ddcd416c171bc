"""Operators of evolutionary searches as plain functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError

_CHUNK = 4096


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


def tournament_size(share: float, members: int) -> int:
    """The entrants of a tournament that are a share of so many members, at least one."""
    return max(1, round(share * members))


def check_tournament(share: float) -> None:
    """Makes sure that a tournament's entrants are some of the population.

    Raises:
        NasbenchError: the share is not above 0 and up to 1.
    """
    if not 0 < share <= 1:
        raise NasbenchError(f"A tournament is a share of the population above 0 and up to 1, not {share}.")


def smallest_distance(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The Hamming distance of each 0/1 vector to the nearest of some others.

    Args:
        vectors: zeros and ones, shape (n, f).
        others: zeros and ones, shape (m, f).

    Returns:
        Whole numbers, float32, shape (n,); infinity if there are no others.
    """
    nearest = np.full(len(vectors), np.inf, np.float32)
    ones = vectors.sum(1)
    for start in range(0, len(others), _CHUNK):
        part = others[start : start + _CHUNK]
        agreeing = part.sum(1) - 2 * (vectors @ part.T)
        np.minimum(nearest, ones + agreeing.min(1), out=nearest)
    return nearest
