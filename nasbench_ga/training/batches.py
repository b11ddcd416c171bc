"""A batch of images, the same wherever it is drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.datasets import Images


@dataclass(frozen=True)
class Batch:
    """Images of a data set, ready for a network.

    Attributes:
        dataset: name of the data set.
        pixels: normalised as published, grey ones in three equal channels; float32, shape (n, 3, height, width).
    """

    dataset: str
    pixels: NDArray[np.float32] = field(repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the pixels."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()


def draw_batch(images: Images, size: int, seed: int) -> Batch:
    """Draws different images of a data set.

    Args:
        images: of the data set.
        size: how many to draw.
        seed: of the draw.

    Raises:
        NasbenchError: there are not so many.
    """
    if size > len(images):
        raise NasbenchError(
            f"A batch of {size:,} images was asked for, and {images.name} has {len(images):,} {images.split} images."
        )
    chosen = np.random.default_rng(seed).choice(len(images), size, replace=False)
    mean, std = (np.array(numbers, np.float32)[:, None, None] for numbers in (images.dataset.mean, images.dataset.std))
    normalised = (images.pixels[chosen].astype(np.float32) / np.float32(255) - mean) / std
    return Batch(images.name, np.broadcast_to(normalised, (size, 3, *images.dataset.shape[1:])).copy())
