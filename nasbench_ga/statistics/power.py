"""How many runs it takes to show a difference."""

from __future__ import annotations

from itertools import count
from math import ceil, comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics.hypothesis_test import at_most
from nasbench_ga.statistics.rank_tests import mann_whitney_p
from nasbench_ga.statistics.samples import Runs, as_pair, check_level

Effect: TypeAlias = float | tuple[Runs, Runs]
"""A12 of two normal distributions of one variance; or two sets of runs, shapes (n,) and (m,), to draw from."""

SIMULATIONS = 2000
MOST_REPEATS = 5000


def mann_whitney_power(
    effect: Effect, repeats: int, *, level: float = 0.05, simulations: int = SIMULATIONS, seed: int = 0
) -> float:
    """How often Mann-Whitney's test, two-sided, shows a difference that is there.

    Args:
        effect: the difference. Runs are drawn with replacement, which takes their own effect to be the true one.
        repeats: runs of each set.
        level: of significance.
        simulations: how often both sets are drawn; 2000 leave the power uncertain by 0.01 (one standard deviation).
        seed: of the simulation.

    Returns:
        A share from 0 to 1.

    Raises:
        NasbenchError: fewer than two repeats, no simulation, no A12 between 0 and 1, or runs that cannot be compared.
    """
    check_level(level)
    if repeats < 2 or simulations < 1:
        raise NasbenchError(
            f"Expected at least two repeats and one simulation, got {repeats} repeats and {simulations} simulations."
        )
    _, p_values = mann_whitney_p(*_draw(effect, repeats, simulations, np.random.default_rng(seed)))
    return float(np.mean([at_most(p, level) for p in p_values]))


def repeats_needed(
    effect: Effect, *, power: float = 0.8, level: float = 0.05, simulations: int = SIMULATIONS, seed: int = 0
) -> int:
    """The number of runs of each set from which Mann-Whitney's test shows a difference with this power.

    Noether's formula (`noether_repeats`) says where to look, simulation decides.

    Args:
        effect: as of `mann_whitney_power`.
        power: how often the difference is to be shown.
        level: of significance.
        simulations: as of `mann_whitney_power`.
        seed: of the simulation.

    Raises:
        NasbenchError: the power is not between the level and 1, the effect is none (A12 is 0.5) or so small that it
            takes more than 5000 runs, or it cannot be simulated.
    """
    _check_power(power, level)
    formula = noether_repeats(_probability(effect), power=power, level=level)
    if formula > MOST_REPEATS:
        raise NasbenchError(
            f"An effect of A12 = {_probability(effect):.4g} takes about {formula:,.0f} runs of each to show: show "
            f"instead that the sets are the same within a margin (equivalent)."
        )

    def enough(repeats: int) -> bool:
        return mann_whitney_power(effect, repeats, level=level, simulations=simulations, seed=seed) >= power

    low, high = 1, max(2, int(formula))
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def noether_repeats(a12: float, *, power: float = 0.8, level: float = 0.05) -> float:
    """The number of runs of each set by Noether's approximation; infinity where A12 is 0.5.

    Source: Noether, "Sample size determination for some common nonparametric tests", 1987, equation 3, with equal sets
    and two sides.
    """
    from scipy.stats import norm

    if a12 == 0.5:
        return float("inf")
    quantiles = norm.isf(level / 2) + norm.ppf(power)
    return float(quantiles**2 / (6 * (a12 - 0.5) ** 2))


def repeats_in_words(first: Runs, second: Runs, *, power: float = 0.8, level: float = 0.05) -> str:
    """How many runs of each would show a difference like the one between these, or why that cannot be said.

    By Noether's formula, at once and thus roughly; `repeats_needed` simulates. The effect of so few runs is itself
    uncertain, and so is this number.

    Args:
        first: runs, shape (n,).
        second: runs, shape (m,).
        power: how often the difference is to be shown.
        level: of significance.

    Raises:
        NasbenchError: fewer than two runs, one without a finite number, or a power not between the level and 1.
    """
    _check_power(power, level)
    a, b = as_pair(first, second)
    a12 = _probability((a, b))
    about = f"If the effect is the one seen so far (A12 = {a12:.3g} of {a.name} and {b.name})"
    if a.is_constant and b.is_constant and a12 == 0.5:
        return f"Every run of {a.name} and {b.name} came to {a.values[0]:.6g}: no number of runs shows a difference."
    formula = noether_repeats(a12, power=power, level=level)
    if np.isinf(formula):
        return f"{about}, neither tends to be higher, and no number of runs shows that one does."
    fewest = next(n for n in count(2) if at_most(2 / comb(2 * n, n), level))
    needed = fewest if a12 in (0, 1) else max(fewest, ceil(formula))
    said = f"{about}, about {needed:,} runs of each show the difference with power {power:g} at level {level:g}"
    if needed > MOST_REPEATS:
        return f"{said}: too small an effect to be worth showing; show that they are the same within a margin instead."
    return f"{said}; there are {len(a)} and {len(b)}."


def _check_power(power: float, level: float) -> None:
    check_level(level)
    if not level < power < 1:
        raise NasbenchError(f"Expected a power between the level, {level:g}, and 1, got {power}; 0.8 is the usual one.")


def _probability(effect: Effect) -> float:
    """A12 of an effect."""
    if not isinstance(effect, tuple):
        return float(effect)
    a, b = as_pair(*effect)
    statistic, _ = mann_whitney_p(a.values, b.values)
    return float(statistic) / (len(a) * len(b))


def _draw(
    effect: Effect, repeats: int, simulations: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sets of runs, each of shape (simulations, repeats)."""
    from scipy.stats import norm

    shape = (simulations, repeats)
    if isinstance(effect, tuple):
        a, b = as_pair(*effect)
        return rng.choice(a.values, shape), rng.choice(b.values, shape)
    if not 0 < effect < 1:
        raise NasbenchError(
            f"Expected an effect A12 between 0 and 1 (0.56 small, 0.64 medium, 0.71 large), got {effect}."
        )
    return rng.normal(np.sqrt(2) * norm.ppf(effect), 1, shape), rng.normal(0, 1, shape)
