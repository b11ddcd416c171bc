"""How good the cells are that a search evaluates, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nasbench_ga.figures.axis import costs
from nasbench_ga.figures.style import WIDTH, legend, looks, say_no_numbers, styled, written
from nasbench_ga.statistics import Generations

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled()
def generations(
    searches: Mapping[str, Generations], label: str, *, optimum: float | None = None, log: bool = True
) -> Figure:
    """The median of what was evaluated in each generation, and from its 10 to its 90 %, against evaluations spent.

    Args:
        searches: a name and generations (see `statistics.by_generation`) for each of 1 to 18 searches.
        label: what the values are, with their unit.
        optimum: the best there is.
        log: whether the axis of evaluations is logarithmic.

    Raises:
        NasbenchError: there are no searches, or too many.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes, look = figure.subplots(), looks(searches)
    axes.set_title(written(label))
    if not any(np.isfinite(own.median).any() for own in searches.values()):
        say_no_numbers(axes)
        return figure
    for name, own in searches.items():
        style = look[name]
        marker = "o" if len(own.evaluations) <= 30 else ""
        axes.fill_between(own.evaluations, own.low, own.high, color=style.color, alpha=0.2, linewidth=0)
        axes.plot(
            own.evaluations,
            own.median,
            color=style.color,
            linestyle=style.line,
            linewidth=2,
            marker=marker,
            markersize=4,
            label=written(name, 50),
        )
    if optimum is not None:
        axes.axhline(optimum, color="black", linestyle="--", linewidth=1, label=f"optimum, {optimum:.4g}")
    costs(axes, "evaluations spent", log=log)
    legend(figure, "median of a generation, and its 10 to 90 %")
    return figure
