"""How long a network is trained: until its epochs are over, or until its validation accuracy hardly rises.

The idea of a length that each architecture's own validation curve decides is that of Litzinger, Klos & Schiffmann
(ICANN 2019). Their rule is in no text that we could read, so the rule here is ours: training ends as soon as the best
accuracy of all validations is less than `least_gain` above the best that was known a share `window` of the epochs
earlier. The window grows with the training, so a network that learns slowly, but goes on learning, is trained longer.

The first validation is before training. So a network that inherited weights, and gains nothing any more, is trained
until the second after that, and one that has not learned anything by then is given up: nothing tells it from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nasbench_ga.training.recipe import Recipe

Curve = Sequence[tuple[float, float]]
"""Each validation so far: after how many epochs, 0 and ascending, and its accuracy in per cent."""

LEAST_RECENT = 2
"""Validations that a window holds at least, so that one of bad luck ends nothing."""


def best_validation(curve: Curve) -> int:
    """The place of the highest accuracy, of equals the first."""
    accuracies = [accuracy for _, accuracy in curve]
    return accuracies.index(max(accuracies))


def out_of_patience(curve: Curve, patience: int) -> bool:
    """Whether the last `patience` validations have all been no better than one before them."""
    return len(curve) - 1 - best_validation(curve) >= patience


def hardly_rises(curve: Curve, window: float, least_gain: float) -> bool:
    """Whether the best accuracy rose by less than `least_gain` over the last share `window` of the epochs so far.

    The window holds at least 2 validations, and there is at least one before it: nothing ends before the second
    after training began.

    Args:
        curve: with at least one validation.
        window: above 0 and below 1.
        least_gain: per cent points.
    """
    now = curve[-1][0]
    recent = sum(epochs > (1 - window) * now for epochs, _ in curve)
    before = [accuracy for _, accuracy in curve[: -max(recent, LEAST_RECENT)]]
    return bool(before) and max(accuracy for _, accuracy in curve) - max(before) < least_gain


def reason_to_stop(curve: Curve, recipe: Recipe) -> Literal["", "patience", "curve"]:
    """Why training ends with the last validation of a curve; empty if it goes on."""
    if recipe.stop == "never" or curve[-1][0] < recipe.least_epochs:
        return ""
    if recipe.stop == "patience":
        return "patience" if out_of_patience(curve, recipe.patience) else ""
    return "curve" if hardly_rises(curve, recipe.window, recipe.least_gain) else ""
