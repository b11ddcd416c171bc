"""What runs had found after so much cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures.axis import costs
from nasbench_ga.figures.style import SMALL, WIDTH, Look, legend, looks, say_no_numbers, styled, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curves: TypeAlias = tuple[ArrayLike, ArrayLike]
"""Costs, ascending, shape (points,), and the best so far of each run at these, shape (runs, points), NaN for none."""


@styled()
def best_so_far_bands(
    curves: Mapping[str, Curves], label: str, clock_label: str, *, optimum: float | None = None, log: bool = True
) -> Figure:
    """The median and the middle half of each set of best-so-far curves; of a single set, every run too.

    A median is drawn at the costs at which at least half of the runs have a number, and is that of those which have
    one. A run that has no number at any cost does not count, and the legend says how many there are.

    Args:
        curves: a name and curves for each of 1 to 18 sets.
        label: what the values are, with their unit.
        clock_label: what the costs are.
        optimum: the best there is. With it, what lies far below the curves' later part is cut off.
        log: whether the axis of costs is logarithmic.

    Raises:
        NasbenchError: there are no sets or too many, shapes that do not fit, or costs that do not ascend (from above 0
            on a logarithmic axis).

    Source: bands of quartiles as of Pan & Yao, IJCNN 2021.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    draw_curves(axes, curves, clock_label, optimum=optimum, log=log)
    axes.set_title(written(label))
    legend(figure, "median and middle half of the runs" if len(curves) > 1 else None)
    return figure


def draw_curves(
    axes: Axes, curves: Mapping[str, Curves], clock_label: str, *, optimum: float | None = None, log: bool = True
) -> None:
    """Draws best-so-far curves in a panel, as `best_so_far_bands` does; the name of a single set may be empty.

    A panel in which no run has a number says so.
    """
    look = looks(curves)
    checked = {name: _checked(name, *own, log=log) for name, own in curves.items()}
    if not any(np.isfinite(values).any() for _, values in checked.values()):
        say_no_numbers(axes)
        return
    for name, (cost, values) in checked.items():
        _draw_set(axes, name, cost, values, look[name], alone=len(curves) == 1)
    if optimum is not None:
        _draw_optimum(axes, optimum, [values for _, values in checked.values()])
    costs(axes, clock_label, log=log)


def _draw_set(
    axes: Axes, name: str, cost: NDArray[np.float64], values: NDArray[np.float64], look: Look, *, alone: bool
) -> None:
    """One set: its band and median, over every run if it is alone."""
    known = np.isfinite(values)
    runs: NDArray[np.bool_] = np.any(known, axis=1)
    enough = 2 * known.sum(0) >= max(runs.sum(), 1)
    low, median, high = np.full((3, len(cost)), np.nan)
    if enough.any():
        held = _held(values)[:, enough]
        low[enough], median[enough], high[enough] = np.nanpercentile(held, [25, 50, 75], axis=0)
    marker = "o" if enough.sum() == 1 else ""
    if alone:
        alpha = max(0.03, min(0.5, 5 / runs.sum()))
        axes.step(
            cost,
            values[runs].T,
            where="post",
            color=look.color,
            alpha=alpha,
            linewidth=0.8,
            marker=marker,
            markersize=3,
        )
    label = "middle half of the runs" if alone else None
    axes.fill_between(cost, low, high, step="post", color=look.color, alpha=0.2, linewidth=0, label=label)
    axes.step(
        cost,
        median,
        where="post",
        color=look.color,
        linestyle=look.line,
        linewidth=2,
        marker=marker,
        label=written(_label(name, runs, alone=alone), 50),
    )


def _held(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same, each run keeping its last number after its end."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.shape[1]), 0), axis=1)
    return np.take_along_axis(values, last, axis=1)


def _label(name: str, runs: NDArray[np.bool_], *, alone: bool) -> str:
    """The name of a set and of how many runs it is."""
    count, without = int(runs.sum()), int((~runs).sum())
    told = f"{count:,} run{'' if count == 1 else 's'}" + (f", {without:,} without a number" if without else "")
    if not alone:
        return f"{name} ({told})"
    return f"{name}: median of {told}" if name else f"median of {told}"


def _draw_optimum(axes: Axes, optimum: float, sets: list[NDArray[np.float64]]) -> None:
    """The optimum as a line, and an axis that goes from the curves' later part to it."""
    later = [values[:, min(10, values.shape[1] - 1) :] for values in sets]
    floor = min(
        (float(np.nanpercentile(values, 2)) for values in later if np.isfinite(values).any()),
        default=min(float(np.nanmin(values)) for values in sets if np.isfinite(values).any()),
    )
    top = max(optimum, *(float(np.nanmax(values)) for values in sets if np.isfinite(values).any()))
    span = top - min(floor, optimum) or 1.0
    axes.set_ylim(top - 1.02 * span, top + 0.09 * span)
    axes.axhline(optimum, color="black", linestyle="--", linewidth=1)
    axes.annotate(
        f"optimum, {optimum:.4g}",
        (0.01, optimum),
        xycoords=("axes fraction", "data"),
        xytext=(0, 1),
        textcoords="offset points",
        verticalalignment="bottom",
        fontsize=SMALL,
    )


def _checked(
    name: str, cost: ArrayLike, values: ArrayLike, *, log: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Costs and values as arrays that fit; what is not finite is NaN."""
    at, found = np.asarray(cost, np.float64), np.asarray(values, np.float64)
    if found.ndim != 2 or at.shape != found.shape[1:] or found.size == 0:
        raise NasbenchError(
            f"Expected costs of shape (points,) and values of shape (runs, points), none of them empty, got {at.shape} "
            f"and {found.shape} of {name or 'the runs'}."
        )
    if not np.isfinite(at).all() or np.any(np.diff(at) <= 0):
        raise NasbenchError(
            f"Expected finite costs, each higher than the one before, of {name or 'the runs'}, got {at}."
        )
    if log and at[0] <= 0:
        raise NasbenchError(
            f"Expected costs above 0 for a logarithmic axis, got {at[0]:g} of {name or 'the runs'}: leave it out, or "
            f"draw with log=False."
        )
    return at, np.where(np.isfinite(found), found, np.nan)
