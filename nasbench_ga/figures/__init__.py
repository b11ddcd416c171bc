"""Figures: arrays in, a `matplotlib.figure.Figure` out, one file a figure.

They touch no global state of matplotlib. `save` writes them; a notebook shows them after `%matplotlib inline`.
"""

from nasbench_ga.figures.agreement import agreement
from nasbench_ga.figures.best_so_far import Curves, best_so_far_bands
from nasbench_ga.figures.critical_difference import critical_difference
from nasbench_ga.figures.distributions import distributions
from nasbench_ga.figures.generations import generations
from nasbench_ga.figures.style import MOST_SETS, save

__all__ = [
    "MOST_SETS",
    "Curves",
    "agreement",
    "best_so_far_bands",
    "critical_difference",
    "distributions",
    "generations",
    "save",
]
