"""Labels on the scale that a method learns on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FLOOR = 1.5
"""Interquartile ranges below the lower quartile, as in a box plot (Tukey 1977)."""


class Scaled(NamedTuple):
    """Labels of mean 0 and standard deviation 1, and the way back."""

    labels: NDArray[np.float64]
    mean: float
    deviation: float

    def restore(self, predicted: NDArray[np.floating]) -> NDArray[np.float64]:
        """Predictions on the scale of the labels that came, float64."""
        return predicted.astype(np.float64) * self.deviation + self.mean


def scale(values: NDArray[np.float64]) -> Scaled:
    """Labels of mean 0 and standard deviation 1, those of failures raised to a floor first.

    A few networks that did not train at all are so far below the others that a method that minimises squared errors
    learns little but them. Only labels below are raised, since it is the best that a search has to tell apart.

    Args:
        values: finite labels, not all equal, shape (n,).
    """
    low, high = np.quantile(values, [0.25, 0.75])
    raised = np.maximum(values, low - FLOOR * (high - low)) if low < high else values
    mean, deviation = raised.mean(), raised.std()
    return Scaled((raised - mean) / deviation, float(mean), float(deviation))
