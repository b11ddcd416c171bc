"""Where networks are built, trained and tested: a device with the images of a data set on it, and a recipe."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from nasbench_ga.errors import NasbenchError
from nasbench_ga.networks import Network, build_network
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.training.datasets import Images
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.failures import is_out_of_memory
from nasbench_ga.training.loop import Training, accuracy, train
from nasbench_ga.training.measuring import usual_batch
from nasbench_ga.training.recipe import Recipe
from nasbench_ga.training.splits import Splits

CHECKPOINT_SECONDS = 20.0
"""Least time between two checkpoints of a training."""


class Workbench:
    """A device with the images of a data set on it, and how networks are trained on them.

    Args:
        splits: of the data set; its training and validation images are put on the device.
        recipe: how to train.
        device: "cpu", "cuda", or "auto": a GPU if there is one.
        colour: whether networks take three channels; grey images then have them, all equal.

    Attributes:
        splits: the images.
        device: where networks are trained.
        recipe: how.

    Raises:
        NasbenchError: there is no such device.
    """

    def __init__(self, splits: Splits, recipe: Recipe, device: str = "auto", colour: bool = True) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise NasbenchError("There is no GPU that torch could use: take another device, cpu or auto.")
        self.device = torch.device(
            "cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu")
        )
        self.splits = splits
        self.recipe, self.colour, self.classes = recipe, colour, splits.train.dataset.classes
        self.training, self.validation = self._there(splits.train), self._there(splits.validation)

    def _there(self, images: Images) -> DeviceImages:
        return DeviceImages(images, self.device, channels=3 if self.colour else None)

    def build(self, space: Space, genotype: Genotypes, seed: int, device: str | None = None, **sizes: Any) -> Network:
        """The untrained network of a genotype, shape (genes,), with the recipe's initial weights, on the device."""
        where = device or self.device.type
        return build_network(space, genotype, self.classes, seed, where, initial=self.recipe.initial, **sizes)

    def train(
        self,
        network: Network,
        seed: int,
        frozen: Collection[str] = (),
        checkpoint: Path | None = None,
        progress: bool = False,
    ) -> Training:
        """Trains a network (see `loop.train`)."""
        return train(
            network,
            self.training,
            self.validation,
            self.recipe,
            seed,
            frozen=frozen,
            checkpoint=checkpoint,
            checkpoint_seconds=CHECKPOINT_SECONDS,
            progress=progress,
        )

    def accuracy_on(self, network: Network, images: Images) -> float:
        """The accuracy of a network on other images of the data set, in per cent."""
        there, batch = self._there(images), usual_batch(self.device)
        while True:
            try:
                return accuracy(network, there, batch, self.recipe.precision)
            except (RuntimeError, MemoryError) as error:
                if batch == 1 or not is_out_of_memory(error):
                    raise
                batch //= 2
