"""What is in a figure: its texts, where they lie, and the numbers of its lines."""

from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text


def texts(figure: Figure) -> list[str]:
    """Every text that is drawn, as it is read."""
    return [text.get_text().replace("\u200b", "").replace(r"\$", "$") for text in _shown(figure)]


def said(figure: Figure) -> str:
    """All texts on one line."""
    return " ".join(" ".join(texts(figure)).split())


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Texts that lie on each other, or reach out of the figure."""
    FigureCanvasAgg(figure).draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in _shown(figure)]
    meeting = [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.padded(-1).overlaps(other.padded(-1))]
    page = figure.bbox.padded(1)
    outside = [(a, "edge") for a, box in boxes if not (page.contains(*box.min) and page.contains(*box.max))]
    return meeting + outside


def lines_through(figure: Figure) -> list[str]:
    """Texts that a line in a panel crosses."""
    FigureCanvasAgg(figure).draw()
    paths = [line.get_transform().transform_path(line.get_path()) for axes in figure.axes for line in axes.lines]
    boxes = [(text.get_text(), text.get_window_extent().padded(-1)) for text in _shown(figure)]
    return [text for text, box in boxes if any(path.intersects_bbox(box, filled=False) for path in paths)]


def marked_values(figure: Figure) -> np.ndarray:
    """The x of every dot that stands for itself, ascending."""
    dots = [line for line in figure.findobj(Line2D) if line.get_linestyle() == "None" and line.get_marker() == "o"]
    return np.sort(np.concatenate([np.asarray(line.get_xdata(), float) for line in dots]))


def by_gid(figure: Figure, gid: str) -> list[Line2D]:
    """Lines under a name."""
    return [line for line in figure.findobj(Line2D) if line.get_gid() == gid]


def _shown(figure: Figure) -> list[Text]:
    hidden = {id(text) for axes in figure.axes for text in _unseen(axes)}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def _unseen(axes: Axes) -> list[Text]:
    """The labels of ticks beyond the ends of an axis, and those of a panel whose axes are off."""
    return [
        text
        for which, axis in enumerate((axes.xaxis, axes.yaxis))
        for text in axis.get_ticklabels(which="both")
        if not (axes.axison and _is_between(text.get_position()[which], *axis.get_view_interval()))
    ]


def _is_between(place: float, one: float, other: float) -> bool:
    return min(one, other) <= place <= max(one, other)
