"""How all figures look, and how they are written: alike, legible on a phone, the same bytes every time."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 5.0
"""Inches of a figure of one panel: its text of 10 points is 10 pixels high where the figure is 360 pixels wide."""
SMALL = 9
"""Points of captions."""
GREY = "0.35"
"""Of what explains and is no data."""

_STYLE: dict[str, Any] = {
    "font.size": 10,  # matplotlib's own size, as ticks get theirs when they are drawn, outside of this style
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.offset_threshold": 6,  # 94.375, not 0.005 + 9.437e1
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "nasbench_ga",
}
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_LINES = ("-", ":", "-.")  # dashed is the optimum
MOST_SETS = len(_COLORS) * len(_LINES)
"""How many sets can be told apart in one figure."""
_NO_DATES: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}
_DPI = 200
_NOTHING = "\u200b"
"""A space without a width."""


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """The look of all figures, whatever matplotlib is set to elsewhere; also a decorator."""
    from matplotlib import style

    with style.context(["default", _STYLE]):
        yield


def save(figure: Figure, path: Path | str, formats: Sequence[str] = ("png", "pdf")) -> list[Path]:
    """Writes a figure in each format, each file whole or not at all; the same figure gives the same bytes.

    Where everything lies in the figure is settled by this, so draw into it before.

    Args:
        figure: what to write.
        path: of the files, without their suffixes.
        formats: among png, pdf and svg.

    Returns:
        The path of each file.

    Raises:
        NasbenchError: a format is none of these, or a file cannot be written.
    """
    unknown = [form for form in formats if form not in _NO_DATES]
    if unknown:
        raise NasbenchError(f"Expected formats among {', '.join(_NO_DATES)}, got {', '.join(map(repr, unknown))}.")
    base = Path(path)
    paths = [base.with_name(f"{base.name}.{form}") for form in formats]
    with styled():
        _settle(figure)
        for form, file in zip(formats, paths, strict=True):
            with atomic_path(file) as temporary:
                figure.savefig(temporary, format=form, dpi=_DPI, metadata=_NO_DATES[form])
    return paths


def _settle(figure: Figure) -> None:
    """Lays a figure out for good; a constrained layout would move a little each time that it is drawn."""
    for _ in range(2):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


@dataclass(frozen=True)
class Look:
    """How a set is told from the others: its colour, and the style of its line."""

    color: str
    line: str


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each name, by their order: six colours, and then the same with another line.

    Raises:
        NasbenchError: there are no names, or more than there are looks.

    Source: the colours are those of Okabe & Ito, "Color universal design", 2008, which colour-blind readers tell apart,
    without the black and the yellow.
    """
    given, every = list(names), [Look(color, line) for line in _LINES for color in _COLORS]
    if not 1 <= len(given) <= len(every):
        raise NasbenchError(f"Expected 1 to {len(every)} sets to draw in one figure, got {len(given)}: draw fewer.")
    return dict(zip(given, every, strict=False))


def written(text: str, width: int = 60, lines: int = 4) -> str:
    """A text as it is, on lines of at most so many characters; what is too long ends in ….

    Matplotlib would take dollars as mathematics, and leave out of a legend what starts with an underscore.
    """
    shown = textwrap.fill(text, width, max_lines=lines, placeholder=" …").replace("$", r"\$")
    return f"{_NOTHING}{shown}" if shown.startswith("_") else shown


def caption(figure: Figure, sentences: Iterable[str]) -> None:
    """Says below a figure what it shows and what it does not."""
    text = written(" ".join(sentences), width=66, lines=20)
    if text:
        figure.supxlabel(text, x=0.01, horizontalalignment="left", fontsize=SMALL, color=GREY)


def legend(figure: Figure, title: str | None = None) -> None:
    """A legend of all panels below them, in two columns where these fit, for which the figure grows higher."""
    found = [axes.get_legend_handles_labels() for axes in figure.axes]
    entries = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    if not entries:
        return
    columns = 2 if len(entries) > 1 and max(map(len, entries)) <= 24 else 1
    below = figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside lower center",
        ncols=columns,
        title=title,
        title_fontsize=SMALL,
    )
    below.get_title().set_color(GREY)
    rows = sum(label.count("\n") + 1 for label in entries) / columns
    figure.set_figheight(figure.get_figheight() + 0.19 * (rows + (title is not None)))


def say_no_numbers(axes: Axes) -> None:
    """An empty panel that says why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no numbers", horizontalalignment="center", transform=axes.transAxes)
