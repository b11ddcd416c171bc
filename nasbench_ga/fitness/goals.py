"""What a trained network is to be: accurate, small, or both in some order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from nasbench_ga.errors import NasbenchError, UnknownNameError

GoalName = Literal["accuracy", "weighted", "lexicographic", "pareto", "scenario-1", "scenario-2"]
BOTH = MappingProxyType({"accuracy": 1, "parameters": -1})


def check_goal(name: str) -> None:
    """Makes sure that there is a goal of this name.

    Raises:
        UnknownNameError: there is none; the message lists them.
    """
    if name not in get_args(GoalName):
        raise UnknownNameError("objective", name, get_args(GoalName))


@dataclass(frozen=True)
class Goal:
    """Makes one number of accuracy and free parameters.

    Litzinger et al. (2019) search for the accuracy of a reference network with the fewest parameters (scenario-1), and
    for the highest accuracy with fewer parameters than it (scenario-2, which the space enforces). How they made a
    fitness of both is not known to us; these are ours.

    Args:
        name: accuracy and scenario-2: the accuracy. weighted: less `weight` points for every million parameters.
            lexicographic and scenario-1: below the threshold the accuracy; from there on 200 less ten times the decimal
            logarithm of the parameters, so that any network that reaches it is better than any that does not, and of
            those that do the smallest is best. pareto: the accuracy, for people to read; a search for several
            objectives is told both.
        threshold: the accuracy that has to be reached, in per cent, where the goal has one.
        weight: points of accuracy that a million parameters are worth.

    Raises:
        UnknownNameError: there is no such goal.
        NasbenchError: it has a threshold, and none was given.
    """

    name: str
    threshold: float | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuses what cannot be meant."""
        check_goal(self.name)
        if self.has_threshold and self.threshold is None:
            raise NasbenchError(
                f"The objective {self.name} needs an accuracy to be reached, in per cent: --trained.threshold."
            )

    @property
    def has_threshold(self) -> bool:
        """Whether there is an accuracy to be reached."""
        return self.name in ("lexicographic", "scenario-1")

    @property
    def objectives(self) -> Mapping[str, int]:
        """The goals of a search for several: more accuracy, fewer parameters; none of another."""
        return BOTH if self.name == "pareto" else MappingProxyType({})

    def value(self, accuracy: float, parameters: float) -> float:
        """The fitness of a network with this validation accuracy, in per cent, and so many free parameters."""
        if self.name == "weighted":
            return accuracy - self.weight * parameters / 1e6
        if self.threshold is not None and self.has_threshold and accuracy >= self.threshold:
            return 200 - 10 * math.log10(max(parameters, 1))
        return accuracy

    @property
    def in_words(self) -> str:
        """What the fitness is, one sentence."""
        if self.has_threshold:
            return (
                f"The fitness is the validation accuracy in per cent below {self.threshold:.2f} %, and from there on "
                "200 less ten times the decimal logarithm of the parameters."
            )
        if self.name == "weighted":
            return f"The fitness is the validation accuracy in per cent, less {self.weight:g} for a million parameters."
        return "The fitness is the validation accuracy in per cent."
