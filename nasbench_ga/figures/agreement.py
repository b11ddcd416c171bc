"""How well a score that is cheap tells the accuracy that is dear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.figures.axis import padded, window
from nasbench_ga.figures.style import WIDTH, caption, looks, say_no_numbers, styled, written
from nasbench_ga.statistics import rank_correlation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled()
def agreement(
    scores: ArrayLike,
    accuracies: ArrayLike,
    score_label: str,
    accuracy_label: str,
    *,
    highlighted: ArrayLike | None = None,
    highlighted_label: str = "highlighted",
) -> Figure:
    """Scores against accuracies, a dot a cell, under their rank correlations.

    A score of minus infinity counts as the last rank, as of `rank_correlation`; it, and cells far off from most, are
    not drawn, and the figure says how many there are.

    Args:
        scores: of cells, shape (n,), NaN for none.
        accuracies: of the same cells, shape (n,), NaN for none.
        score_label: what the scores are.
        accuracy_label: what the accuracies are, with their unit.
        highlighted: which cells to mark, as indices or bool[n]; each is within the picture if it has two numbers.
        highlighted_label: what these are.

    Raises:
        NasbenchError: shapes that do not fit, or no such cell to mark.
    """
    from matplotlib.figure import Figure

    x, y = np.asarray(scores, np.float64), np.asarray(accuracies, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise NasbenchError(f"Expected a score and an accuracy of each cell, shape (n,), got {x.shape} and {y.shape}.")
    marked = _as_indices(highlighted, len(x))
    finite = np.isfinite(x) & np.isfinite(y)
    figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
    axes = figure.subplots()
    said = _not_finite(x, y)
    if not finite.any():
        say_no_numbers(axes)
        caption(figure, said)
        return figure
    at = finite[marked]
    (left, right), (bottom, top) = (padded(*window([values[finite]], *values[marked[at]])) for values in (x, y))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.locator_params(axis="x", nbins=5)
    cloud, mark = list(looks(["cloud", "mark"]).values())
    axes.plot(
        x[finite],
        y[finite],
        linestyle="",
        marker="o",
        markersize=2 if finite.sum() > 1000 else 3.5,
        markeredgewidth=0,
        color=cloud.color,
        alpha=float(np.clip(20 / np.sqrt(finite.sum()), 0.15, 0.7)),
        rasterized=True,
    )
    if len(marked):
        axes.plot(
            x[marked[at]],
            y[marked[at]],
            linestyle="",
            marker="o",
            markersize=7,
            markeredgewidth=1.5,
            color="none",
            markeredgecolor=mark.color,
            label=written(f"{highlighted_label} ({at.sum():,})", 40),
        )
        figure.legend(loc="outside upper left")
    correlation = rank_correlation(x, y)
    axes.set_title(f"{correlation}\n{correlation.pairs:,} cells")
    axes.set_xlabel(written(score_label))
    axes.set_ylabel(written(accuracy_label, 40))
    outside = finite & ((x < left) | (x > right) | (y < bottom) | (y > top))
    if outside.any():
        said.append(f"{_cells(outside)} far off from the others, outside of the picture.")
    if not at.all():
        said.append(f"{(~at).sum():,} of {len(at):,} {highlighted_label} cannot be drawn.")
    caption(figure, said)
    return figure


def _as_indices(highlighted: ArrayLike | None, cells: int) -> NDArray[np.int64]:
    if highlighted is None:
        return np.empty(0, np.int64)
    chosen = np.asarray(highlighted)
    if chosen.dtype == np.bool_ and chosen.shape == (cells,):
        return np.flatnonzero(chosen)
    if chosen.size == 0:
        return np.empty(0, np.int64)
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= cells:
        raise NasbenchError(
            f"Expected cells to mark as whole numbers from 0 to {cells - 1}, or as bool of shape ({cells},), got "
            f"{highlighted!r}."
        )
    return np.unique(chosen).astype(np.int64)


def _not_finite(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    """A sentence on each kind of cell that cannot be drawn."""
    unknown = np.isnan(x) | np.isnan(y)
    last = np.isneginf(x) & ~unknown
    other = (np.isinf(x) | np.isinf(y)) & ~unknown & ~last
    said = []
    if last.any():
        said.append(f"{_cells(last)} not drawn: their score is minus infinity, which ranks last.")
    if other.any():
        said.append(f"{_cells(other)} not drawn: their score or accuracy is infinite.")
    if unknown.any():
        said.append(f"{_cells(unknown)} left out: no score or no accuracy is known.")
    return said


def _cells(which: NDArray[np.bool_]) -> str:
    count = int(which.sum())
    return "1 cell is" if count == 1 else f"{count:,} cells are"
