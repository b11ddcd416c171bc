"""The critical-difference diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures.style import GREY, SMALL, WIDTH, styled, written
from nasbench_ga.statistics import AverageRanks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_MARGIN, _LINE, _BAR = 0.06, 0.165, 0.1
"""Inches: at the edges, of a line of text, and from one bar to the next."""
_NUMBER = 0.42
"""Inches that the average rank beside a name takes."""


@styled()
def critical_difference(ranks: AverageRanks) -> Figure:
    """Average ranks on an axis, the best on the left, a bar over each group that is not told apart.

    Args:
        ranks: of two sets or more.

    Raises:
        NasbenchError: fewer than two sets.

    Source: Demsar, "Statistical comparisons of classifiers over multiple data sets", 2006, figure 1, mirrored.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if len(ranks.names) < 2:
        raise NasbenchError(f"Expected average ranks of two sets or more, got {len(ranks.names)}.")
    figure = Figure(figsize=(WIDTH, 1))
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    half = (len(ranks.names) + 1) // 2
    texts = [
        axes.text(0, 0, written(name, 15), horizontalalignment=side, verticalalignment="center", linespacing=1.0)
        for name, side in zip(ranks.names, ["right"] * half + ["left"] * (len(ranks.names) - half), strict=True)
    ]
    widths = [text.get_window_extent(renderer).width / figure.dpi for text in texts]
    left = _MARGIN + max(widths[:half]) + 0.05
    right = WIDTH - _MARGIN - max(widths[half:]) - 0.05
    start, end = left + _NUMBER, right - _NUMBER
    inches = (end - start) / max(len(texts) - 1, ranks.critical_difference)
    at = start + (ranks.ranks - 1) * inches

    bars = _draw_bars(axes, ranks, dict(zip(ranks.names, at, strict=True)))
    depth = max(
        _draw_names(axes, texts[:half], at[:half], ranks.ranks[:half], left, -bars),
        _draw_names(axes, texts[half:][::-1], at[half:][::-1], ranks.ranks[half:][::-1], right, -bars),
    )
    top = _draw_axis(axes, len(texts), start, inches)
    top = _draw_ruler(axes, ranks, start, inches, top)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-depth - _MARGIN, top)
    figure.set_figheight(top + depth + _MARGIN)
    return figure


def _draw_axis(axes: Axes, sets: int, start: float, inches: float) -> float:
    """The axis of ranks at height 0; gives the height of its numbers."""
    every = int(np.ceil(0.26 / inches))
    for rank in range(1, sets + 1):
        x, named = start + (rank - 1) * inches, (rank - 1) % every == 0
        axes.plot([x, x], [0, 0.08 if named else 0.05], color="black", linewidth=0.8)
        if named:
            axes.text(x, 0.1, str(rank), horizontalalignment="center", verticalalignment="bottom")
    axes.plot([start, start + (sets - 1) * inches], [0, 0], color="black", linewidth=1.2)
    return 0.1 + _LINE


def _draw_ruler(axes: Axes, ranks: AverageRanks, start: float, inches: float, above: float) -> float:
    """The critical difference as a ruler, and in words; gives the height of the diagram."""
    y, end = above + 0.12, start + ranks.critical_difference * inches
    (ruler,) = axes.plot([start, end], [y, y], color="black", linewidth=1.2, marker="|", markersize=7)
    ruler.set_gid("critical difference")
    told = f"critical difference {ranks.critical_difference:.2f}"
    axes.text(start, y + 0.08, told, verticalalignment="bottom")
    axes.text(
        _MARGIN,
        y + 0.12 + _LINE,
        f"average ranks of {ranks.blocks:,} runs, 1 the best (Nemenyi, level {ranks.level:g})",
        verticalalignment="bottom",
        fontsize=SMALL,
        color=GREY,
    )
    return y + 0.12 + 2 * _LINE + _MARGIN


def _draw_bars(axes: Axes, ranks: AverageRanks, at: dict[str, float]) -> float:
    """A bar a group below the axis, bars that do not meet on one line; gives how deep they reach."""
    ends: list[float] = []
    for group in ranks.groups:
        start, end = at[group[0]] - 0.04, at[group[-1]] + 0.04
        line = next((number for number, taken in enumerate(ends) if taken + 0.08 < start), len(ends))
        ends[line : line + 1] = [end]
        y = -_BAR * (line + 1)
        (bar,) = axes.plot([start, end], [y, y], color="black", linewidth=3.5, solid_capstyle="butt")
        bar.set_gid("group")
    return _BAR * (len(ends) + 0.5)


def _draw_names(
    axes: Axes,
    texts: Sequence[Text],
    at: NDArray[np.float64],
    ranks: NDArray[np.float64],
    edge: float,
    below: float,
) -> float:
    """Names at one edge, from the outermost rank inwards, each led to its place; gives how deep they reach."""
    y = below
    for text, x, rank in zip(texts, at, ranks, strict=True):
        height = max(0.2, 0.05 + _LINE * (text.get_text().count("\n") + 1))
        level = y - height / 2
        side = text.get_horizontalalignment()
        axes.plot([x, x, edge], [0, level, level], color="black", linewidth=0.8, solid_joinstyle="miter")
        text.set_position((edge + (-0.05 if side == "right" else 0.05), level))
        axes.text(
            edge,
            level + 0.01,
            f"{rank:.2f}",
            horizontalalignment="left" if side == "right" else "right",
            verticalalignment="bottom",
            fontsize=SMALL,
            color=GREY,
        )
        y -= height
    return -y
