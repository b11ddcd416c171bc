"""What each run of several sets came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures.axis import padded, window
from nasbench_ga.figures.style import SMALL, WIDTH, Look, caption, looks, styled, written
from nasbench_ga.statistics import Sample, empirical_distribution
from nasbench_ga.statistics.samples import Runs, as_samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOT = 4.0
"""Points that the dot of a run is wide."""
_DOTS_ABREAST = 60
"""Dots that fit beside each other on the axis."""
_STACK = 0.62
"""Share of a row that the dots of its runs fill at most."""


@styled()
def distributions(runs: Mapping[str, Runs], label: str, *, optimum: float | None = None) -> Figure:
    """Every run as a dot, a row a set, over the empirical distribution functions of all.

    Dots of like runs are stacked, and overlap where the stack is higher than the row. Below them are the median, the
    middle half and the range. Runs that are far off from all others lie outside of the figure, which says so.

    Args:
        runs: a name and runs, shape (n,), n at least 2, of each of 1 to 18 sets.
        label: what the numbers are, with their unit.
        optimum: the best there is.

    Raises:
        NasbenchError: there are no sets or too many, or runs without a finite number, or fewer than two in a set.
    """
    from matplotlib.figure import Figure

    look = looks(runs)
    if optimum is not None and not np.isfinite(optimum):
        raise NasbenchError(f"Expected a finite optimum, or None, got {optimum}.")
    samples = as_samples(runs, at_least=1)
    edges = window([sample.values for sample in samples], *([] if optimum is None else [optimum]))
    names = [f"{written(sample.name, 18)}\n(n = {len(sample):,})" for sample in samples]
    row = max(0.55, 0.08 + 0.165 * max(name.count("\n") + 1 for name in names))
    heights = [row * len(samples), 1.9]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.9), layout="constrained")
    dots, functions = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    functions.set_xlim(*padded(*edges))
    functions.locator_params(axis="x", nbins=5)
    for place, sample in enumerate(samples):
        _draw_row(dots, -place, sample, look[sample.name], row)
        _draw_function(functions, sample, look[sample.name])
    dots.set_yticks([0.15 - place for place in range(len(samples))], names)
    dots.set_ylim(-len(samples) + 0.65, 0.75)
    dots.tick_params(axis="y", length=0)
    dots.tick_params(axis="x", labelbottom=False)
    functions.set_ylim(0, 1.02)
    functions.set_ylabel("share of runs\nat or below")
    functions.set_xlabel(written(label))
    if optimum is not None:
        _draw_optimum((dots, functions), optimum)
    caption(
        figure,
        ["A dot is a run; circle, bar and line: median, middle half, range.", *_outside(samples, functions.get_xlim())],
    )
    return figure


def _draw_row(axes: Axes, place: float, sample: Sample, look: Look, inches: float) -> None:
    """The dots of a set, and its quartiles below them."""
    low, high = axes.get_xlim()
    stack = _stacked(sample.values, (high - low) / _DOTS_ABREAST)
    dot = _DOT / 72 / inches
    step = min(dot, _STACK / (stack.max() + 1))
    axes.plot(
        sample.values,
        place + dot / 2 + step * stack,
        linestyle="",
        marker="o",
        markersize=_DOT,
        markeredgewidth=0,
        color=look.color,
        alpha=0.8 if step == dot else 0.5,
    )
    below, (quarter, median, three_quarters) = place - 0.14, np.quantile(sample.values, [0.25, 0.5, 0.75])
    ends = [sample.values.min(), sample.values.max()]
    axes.plot(ends, [below, below], color=look.color, linestyle=look.line, linewidth=1)
    axes.plot([quarter, three_quarters], [below, below], color=look.color, linewidth=4, solid_capstyle="butt")
    for edge, marker, is_outside in ((low, "<", ends[0] < low), (high, ">", ends[1] > high)):
        if is_outside:
            axes.plot([edge], [below], marker=marker, markersize=7, color=look.color, clip_on=False)
    axes.plot([median], [below], marker="o", markersize=6, color="white", markeredgecolor=look.color, zorder=3)


def _stacked(values: NDArray[np.float64], width: float) -> NDArray[np.int64]:
    """How many earlier values share the interval of each, intervals being so wide; shape (n,)."""
    interval = np.floor(values / width)
    order = np.argsort(interval, kind="stable")
    starts = np.searchsorted(interval[order], interval[order], side="left")
    stack = np.empty(len(values), np.int64)
    stack[order] = np.arange(len(values)) - starts
    return stack


def _draw_function(axes: Axes, sample: Sample, look: Look) -> None:
    """The empirical distribution function, from one end of the axis to the other."""
    function = empirical_distribution(sample)
    low, high = axes.get_xlim()
    value = [min(low, function.value[0]), *function.value, max(high, function.value[-1])]
    axes.step(value, [0, *function.share, 1], where="post", color=look.color, linestyle=look.line, linewidth=1.8)


def _draw_optimum(panels: Sequence[Axes], optimum: float) -> None:
    for axes in panels:
        axes.axvline(optimum, color="black", linestyle="--", linewidth=1, zorder=1)
    low, high = panels[0].get_xlim()
    side = "right" if optimum > (low + high) / 2 else "left"
    panels[0].annotate(
        f"optimum, {optimum:.4g}",
        (optimum, 1),
        xycoords=("data", "axes fraction"),
        xytext=(6 if side == "right" else -6, 2),
        textcoords="offset points",
        horizontalalignment=side,
        verticalalignment="bottom",
        fontsize=SMALL,
    )


def _outside(samples: Sequence[Sample], limits: tuple[float, float]) -> list[str]:
    """A sentence on the runs of each set that lie outside of the figure, at either end."""
    said = []
    for sample in samples:
        for count, side, end, farthest in (
            (int((sample.values < limits[0]).sum()), "left", "lowest", sample.values.min()),
            (int((sample.values > limits[1]).sum()), "right", "highest", sample.values.max()),
        ):
            if count:
                runs = "1 run lies" if count == 1 else f"{count:,} runs lie"
                said.append(f"Of {sample.name}, {runs} outside on the {side}, the {end} at {farthest:.6g}.")
    return said
