"""The learning rate of each step, as a share of the first: functions of the step and of the validations so far."""

from __future__ import annotations

import math

from nasbench_ga.training.length import Curve
from nasbench_ga.training.recipe import Recipe

CUT = 0.1
"""What a rate is multiplied by when it is cut."""


def rate_of_step(recipe: Recipe, step: int, steps: int, curve: Curve) -> float:
    """The learning rate of a step.

    Args:
        recipe: whose schedule and first rate it is.
        step: 0 to steps - 1.
        steps: of the whole training, if nothing ends it early.
        curve: the validations before this step.
    """
    match recipe.schedule:
        case "constant":
            share = 1.0
        case "step":
            share = CUT ** ((2 * step >= steps) + (4 * step >= 3 * steps))
        case "cosine":
            share = (1 + math.cos(math.pi * step / steps)) / 2
        case "plateau":
            share = CUT ** plateaus(curve, recipe.plateau)
    return recipe.learning_rate * share


def plateaus(curve: Curve, length: int) -> int:
    """How often `length` validations in a row were no better than the best before them; each counts once."""
    best, worse, count = -math.inf, 0, 0
    for _, accuracy in curve:
        worse = 0 if accuracy > best else worse + 1
        best = max(best, accuracy)
        if worse == length:
            worse, count = 0, count + 1
    return count
