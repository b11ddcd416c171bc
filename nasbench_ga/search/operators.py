"""Operators of evolutionary searches as plain functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError

_CHUNK = 4096
_SHUFFLED_AT_A_TIME = 1 << 22


def tournament(
    values: NDArray[np.float64],
    winners: int,
    size: int,
    rng: np.random.Generator,
    *,
    probability: float = 1.0,
    replacement: bool = True,
) -> NDArray[np.int64]:
    """Holds tournaments among `size` entrants; the best value wins, the first drawn of equals.

    Args:
        values: one a member, shape (n,); NaN loses against every number.
        winners: how many tournaments to hold.
        size: entrants of each.
        rng: source of randomness.
        probability: p with which the best wins; the second does with p (1 - p), the third with p (1 - p)^2, and so on,
            and the worst with all that is left (Goldberg & Deb 1991, for two entrants).
        replacement: draw the entrants with replacement; if not, those of one tournament are different members.

    Returns:
        The winning members, int64, shape (winners,).

    Raises:
        NasbenchError: more entrants than members, without replacement.
    """
    entrants = _entrants(len(values), winners, size, rng, replacement)
    worth = _worth(values)[entrants]
    if probability == 1:
        places = worth.argmax(1)
    else:
        ranked = np.argsort(-worth, axis=1, kind="stable")
        places = ranked[np.arange(winners), np.minimum(rng.geometric(probability, winners), size) - 1]
    return entrants[np.arange(winners), places]


def _entrants(
    members: int, tournaments: int, size: int, rng: np.random.Generator, replacement: bool
) -> NDArray[np.int64]:
    if replacement:
        return rng.integers(members, size=(tournaments, size))
    if size > members:
        raise NasbenchError(f"A tournament of {size} different members needs as many; there are {members}.")
    entrants = np.empty((tournaments, size), np.int64)
    rows = max(1, _SHUFFLED_AT_A_TIME // members)
    for start in range(0, tournaments, rows):  # in parts, as whole shuffles of a large population fill the memory
        part = entrants[start : start + rows]
        part[:] = rng.permuted(np.tile(np.arange(members), (len(part), 1)), axis=1)[:, :size]
    return entrants


def roulette(values: NDArray[np.float64], winners: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draws members in proportion to how far their value is above the worst of the population (Holland 1975).

    Values have no natural zero (accuracies of a benchmark differ by a few per cent), so that of the wheel is the worst
    number of this population: windowing with a window of one generation (Grefenstette 1986; Eiben & Smith 2003).
    The worst never wins, therefore, unless all are equal.

    Args:
        values: one a member, shape (n,); NaN and -inf never win unless there is nothing else, infinity always does.
        winners: how many to draw, with replacement.
        rng: source of randomness.

    Returns:
        The winning members, int64, shape (winners,).
    """
    shares = _shares(_worth(values))
    return rng.choice(len(values), winners, p=shares / shares.sum())


def _shares(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each member has of the wheel, none above 1."""
    if (best := worth.max()) in (np.inf, -np.inf):
        return (worth == best).astype(np.float64)
    numbers = np.isfinite(worth)
    halves = np.where(numbers, worth, best) / 2  # of the largest numbers, the difference is no number any more
    above = np.where(numbers, halves - halves.min(), 0.0)
    return above / most if (most := above.max()) else numbers.astype(np.float64)


def _worth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(values), -np.inf, values)


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
