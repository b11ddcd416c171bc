"""A task that is learned within a second: which quarter of a small noisy picture is bright; and a network for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import nn

from nasbench_ga.training import DATASETS, DataSet, Images
from nasbench_ga.training.device_images import DeviceImages

CPU = torch.device("cpu")
SIDE, CLASSES, TRAIN, VALIDATION = 8, 4, 90, 40


def quarters(count: int, seed: int, channels: int = 2) -> Images:
    """So many images, each with the number of its bright quarter."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 200, (count, channels, SIDE, SIDE), np.uint8)
    labels = rng.integers(0, CLASSES, count)
    half = SIDE // 2
    for image, label in zip(pixels, labels, strict=True):
        top, left = half * (label // 2), half * (label % 2)
        image[:, top : top + half, left : left + half] += 40
    return Images(_described(channels, count), "train", pixels, labels, None)


def _described(channels: int, count: int) -> DataSet:
    return dataclasses.replace(
        DATASETS["mnist"],
        name="quarters",
        classes=CLASSES,
        channels=channels,
        height=SIDE,
        width=SIDE,
        mean=(0.4,) * channels,
        std=(0.25,) * channels,
        sizes={"train": count},
        layouts=(),
        make=lambda _: (np.empty(0, np.uint8), np.empty(0, int)),
    )


def toy_images(train: int = TRAIN, validation: int = VALIDATION) -> tuple[DeviceImages, DeviceImages]:
    """To train with, and to validate with."""
    return DeviceImages(quarters(train, 0), CPU), DeviceImages(quarters(validation, 1), CPU)


def toy_network(seed: int = 0) -> nn.Sequential:
    """Convolutions with batch norms, and everything whose state or luck a training could lose."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(6 * (SIDE // 2) ** 2, CLASSES),
        )


class Interrupted(KeyboardInterrupt):
    """What a signal does to a training."""


class Breaking(DeviceImages):
    """Images that raise an error when a batch is asked for too often, or too many are asked for at once."""

    def __init__(self, images: Images, *, batches: int = 10**9, size: int = 10**9, error: BaseException) -> None:
        super().__init__(images, CPU)
        self.batches, self.size, self.error = batches, size, error

    def batch(self, rows, *arguments, **options):
        self.batches -= 1
        if self.batches < 0 or len(rows) > self.size:
            raise self.error
        return super().batch(rows, *arguments, **options)


def weights(network: nn.Module) -> dict[str, np.ndarray]:
    """Everything that a network has learned or kept, as copies."""
    return {name: tensor.detach().numpy().copy() for name, tensor in network.state_dict().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Whether weights are equal bit by bit."""
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)
