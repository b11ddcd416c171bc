"""The steps of a training: which images each sees, and after which the network is validated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nasbench_ga.training.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """What follows from a recipe and the number of images.

    The images of an epoch come in batches. What is left over makes a smaller last batch, but for a single image: of
    one image there is no variance for a batch norm, so it is left out of that epoch.

    Attributes:
        recipe: what is followed.
        images: to train with, 1 or more.
        batch: images in a step, 1 to `images`.
    """

    recipe: Recipe
    images: int
    batch: int

    @cached_property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.images, self.batch)
        return full + (rest > 1)

    @cached_property
    def steps(self) -> int:
        """Steps of the whole training, 1 or more."""
        return max(1, round(self.recipe.epochs * self.steps_per_epoch))

    @cached_property
    def validations(self) -> frozenset[int]:
        """After how many steps there are validations; the last comes at the end."""
        apart = max(1.0, self.steps_per_epoch / self.recipe.validations)
        regular = (round(number * apart) for number in range(1, int(self.steps / apart) + 1))
        return frozenset(regular) | {self.steps}

    def place(self, step: int) -> tuple[int, slice]:
        """The epoch of a step, from 0, and where in the epoch's order its images are."""
        epoch, number = divmod(step, self.steps_per_epoch)
        return epoch, slice(number * self.batch, min((number + 1) * self.batch, self.images))

    def epochs_after(self, steps: int) -> float:
        """How many epochs some steps are."""
        return steps / self.steps_per_epoch

    def images_after(self, steps: int) -> int:
        """How many images were seen in some steps, each as often as it was seen."""
        full, rest = divmod(steps, self.steps_per_epoch)
        each = min(self.steps_per_epoch * self.batch, self.images)
        return full * each + min(rest * self.batch, self.images)
