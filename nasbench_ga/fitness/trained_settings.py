"""Settings of the fitness that is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.recipe import RECIPES, Recipe

REFERENCE = "conv 5x5 32 plain - maxpool 2x2/2x2 - conv 5x5 64 plain - maxpool 2x2/2x2 - dense 1024"
"""The network of TensorFlow's tutorial on MNIST, which the published study was held against."""
_CHOICES = {
    "freeze": ("leading", "matched", "none"),
    "size": ("published", "small"),
    "device": ("auto", "cpu", "cuda"),
}


@dataclass(frozen=True)
class TrainedSettings:
    """Settings of the fitness trained."""

    recipe: Recipe = RECIPES["mnist"]
    """How a network is trained."""
    images: int | None = None
    """Train on so many images only, of every class its share; by default on all that are not held out."""
    validation: int | None = None
    """Training images that are held out to validate on; by default a tenth, at most 5,000."""
    trainings: int = 1
    """Trainings of a network at most, of which the mean counts; only those that are accurate and small get more than
    one."""
    threshold: float | None = None
    """Validation accuracy, in per cent, that the objectives lexicographic and scenario-1 want; by default what the
    reference network reaches on average when it is trained in the same way, which is done first."""
    reference: str = REFERENCE
    """The layer chain that scenario-1 and scenario-2 are held against, TensorFlow's tutorial network on MNIST."""
    reference_trainings: int = 3
    """How often the reference network is trained; where a single training ends is luck of up to a point."""
    weight: float = 1.0
    """Points of accuracy that a million parameters cost in the objective weighted."""
    inherit: bool = True
    """Whether a network takes over the weights of the layers that it shares with a parent."""
    freeze: Literal["leading", "matched", "none"] = "leading"
    """Which inherited layers are left as they are: those before which nothing changed, so that they compute what they
    did in the parent, all that were matched, or none."""
    size: Literal["published", "small"] = "published"
    """Sizes of the networks of cells: as published, or with few channels and one cell a stage, to try things out."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks are trained: auto takes a GPU if there is one."""

    def __post_init__(self) -> None:
        """Refuses settings without sense."""
        for name in ("images", "validation", "trainings", "reference_trainings"):
            value = getattr(self, name)
            if value is None and name in ("images", "validation"):
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise NasbenchError(f"trained.{name} is an integer of 1 or more, not {value!r}.")
            object.__setattr__(self, name, int(value))
        if self.threshold is not None and not 0 <= self.threshold <= 100:
            raise NasbenchError(f"trained.threshold is an accuracy from 0 to 100 per cent, not {self.threshold}.")
        if not 0 <= self.weight < np.inf:
            raise NasbenchError(f"trained.weight is 0 or more points for a million parameters, not {self.weight}.")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise NasbenchError(f"trained.{name} is {' or '.join(choices)}, not {getattr(self, name)!r}.")
