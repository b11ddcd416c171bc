"""What an axis shows: how far it goes, and how its numbers are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAR = 3.0
"""Runs are far off that lie so many times as far from the middle 80 % of all sets as these are wide."""


def window(sets: Sequence[NDArray[np.float64]], *also: float) -> tuple[float, float]:
    """The lowest and the highest number that an axis shows: all but those far off, at most a tenth of a set at an end.

    Where the middle 80 % of each set are but one number, none is far off.

    Args:
        sets: finite numbers, each shape (n,).
        also: numbers that have to be shown.
    """
    ends = [np.quantile(values, [0.1, 0.9]) for values in sets]
    low, high = (choose([*also, *own]) for choose, own in zip((min, max), zip(*ends, strict=True), strict=True))
    spread = any(top > bottom for bottom, top in ends)
    far = FAR * (high - low) if spread else np.inf
    every = np.concatenate([*sets, also])
    near = every[(every >= low - far) & (every <= high + far)]
    return float(near.min()), float(near.max())


def padded(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """Limits of an axis with some room at both ends, also where both are the same number."""
    largest = max(abs(low), abs(high))
    room = share * (high - low) if high - low > 1e-9 * largest else 0.01 * largest or 1.0
    return low - room, high + room


def costs(axes: Axes, label: str, *, log: bool) -> None:
    """Makes the x-axis one of costs: its numbers are written out, 1,000 and not a power of ten."""
    from matplotlib.ticker import FuncFormatter

    axes.set_xlabel(label)
    if log:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        few = high < 30 * low
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda cost, _: _number(cost) if few and _round(cost) else ""))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: _number(cost)))


def _number(cost: float) -> str:
    return f"{cost:,.0f}" if abs(cost) >= 1000 else f"{cost:g}"


def _round(cost: float) -> bool:
    return f"{cost:e}"[0] in "25"
