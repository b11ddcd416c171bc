"""Who is better when there are many objectives: domination, crowding, and the order that they give (Deb et al. 2002).

All objectives are maximised. Where one of a member's is NaN, all of them count as -inf: what failed must not
survive for another of its values, such as few parameters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def non_dominated_ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The front that each member is in: 0 for those that nobody dominates, 1 for those that only these do, and so on.

    One dominates another if it is as good in every objective and better in one. This is the fast non-dominated sort of
    NSGA-II with the comparisons made all at once, which takes n x n bytes a few times over.

    Args:
        values: shape (n, m); or (n,), which is one objective, and the fronts are of equal values.

    Returns:
        Ranks, int64, shape (n,).
    """
    values = _objectives(values)
    if values.shape[1] == 1:
        return np.unique(-values[:, 0], return_inverse=True)[1]
    as_good, better = np.ones((len(values),) * 2, bool), np.zeros((len(values),) * 2, bool)
    for objective in values.T:
        as_good &= objective[:, None] >= objective
        better |= objective[:, None] > objective
    dominates = as_good & better
    dominating = dominates.sum(0)
    ranks = np.full(len(values), -1)
    rank = 0
    while len(front := np.flatnonzero((dominating == 0) & (ranks < 0))):
        ranks[front] = rank
        dominating -= dominates[front].sum(0)
        rank += 1
    return ranks


def crowding_distance(values: NDArray[np.float64], ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far apart the neighbours of each member within its front are, summed over the objectives.

    Each objective is divided by its range in the front. The lowest and the highest of a front in any objective have an
    infinite distance: of equal lowest the earliest, of equal highest the latest. An objective that is the same for a
    whole front says nothing about its members.

    Args:
        values: shape (n, m), or (n,).
        ranks: the front that each is in, shape (n,).

    Returns:
        Distances, shape (n,), 0 or more.
    """
    distance = np.zeros(len(ranks))
    _, firsts, fronts, lengths = np.unique(np.sort(ranks), return_index=True, return_inverse=True, return_counts=True)
    lasts = firsts + lengths - 1
    for objective in _objectives(values).T:
        order = np.lexsort((objective, ranks))
        ascending = objective[order]
        lowest, highest = ascending[firsts][fronts], ascending[lasts][fronts]
        gaps = np.zeros(len(order))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            gaps[1:-1] = (ascending[2:] - ascending[:-2]) / (highest - lowest)[1:-1]
        gaps[~np.isfinite(gaps)] = 0.0  # within no range, or an infinite one
        gaps[firsts] = gaps[lasts] = np.inf
        gaps[(lowest == highest) & (lengths[fronts] > 1)] = 0.0
        distance[order] += gaps
    return distance


def crowded_places(ranks: NDArray[np.int64], crowding: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each member by the crowded comparison: the lower rank first, then the larger crowding distance.

    Args:
        ranks: shape (n,).
        crowding: shape (n,).

    Returns:
        Places, 0 for the best; equals share theirs; int64, shape (n,).
    """
    order = np.lexsort((-crowding, ranks))
    differs = (np.diff(ranks[order]) != 0) | (crowding[order][1:] != crowding[order][:-1])
    places = np.empty(len(order), np.int64)
    places[order] = np.concatenate([[0], np.cumsum(differs)])[: len(order)]
    return places


def _objectives(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(values, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    return np.where(np.isnan(values).any(1, keepdims=True), -np.inf, values)
