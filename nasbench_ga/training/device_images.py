"""Images that lie where networks are trained, and batches of them: normalised, and augmented at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.datasets import Images
from nasbench_ga.training.formats import Shape


@dataclass(frozen=True)
class Augmentation:
    """How training images are varied, each on its own and anew in each batch.

    Args:
        pad: black pixels put around an image before a piece of its old size is cut out anywhere, as torchvision's
            `RandomCrop(size, padding=pad)` does it.
        flip: whether every other image, on average, is mirrored from left to right.
        cutout: side of the square that is set to the data set's mean colour (zero, after normalising). Its middle is
            anywhere in the image, so that it may reach over the border (DeVries, Taylor: Improved Regularization of
            Convolutional Neural Networks with Cutout. 2017, arXiv:1708.04552).

    Raises:
        NasbenchError: a size is negative.
    """

    pad: int = 0
    flip: bool = False
    cutout: int = 0

    def __post_init__(self) -> None:
        for name in ("pad", "cutout"):
            if getattr(self, name) < 0:
                raise NasbenchError(f"{name} is a number of pixels, 0 or more, and {getattr(self, name)} came.")

    def __bool__(self) -> bool:
        """Whether anything is varied."""
        return bool(self.pad or self.flip or self.cutout)


class Examples(Protocol):
    """What a network is trained or tested with, on a device: images, or what fixed layers make of them."""

    labels: Tensor

    def __len__(self) -> int:
        """How many there are."""

    def batch(
        self,
        rows: Tensor,
        augmentation: Augmentation | None = None,
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> tuple[Tensor, Tensor]:
        """Some of them, and their labels (see `DeviceImages.batch`)."""


class DeviceImages:
    """Images on a device, one byte a pixel and channel, and batches of them as networks take them.

    No method waits for the device: all random numbers are drawn there, of torch's default generator.

    Args:
        images: of a data set. On the CPU their memory is shared where that can be done.
        device: where they are to lie.
        channels: how many channels batches have; 3 for grey images gives three equal ones. As many as the images have
            unless given.

    Attributes:
        pixels: uint8[n, channels of the data set, height, width].
        labels: int64[n].
        mean: of each channel, of pixels scaled to 0..1; float32[channels of the data set, 1, 1].
        std: standard deviation, likewise.
        shape: channels, height and width of the images of a batch.
        classes: how many the labels tell apart.

    Raises:
        NasbenchError: images of several channels were asked for with another number of them.
    """

    def __init__(self, images: Images, device: torch.device, *, channels: int | None = None) -> None:
        dataset = images.dataset
        if channels not in (None, dataset.channels) and dataset.channels != 1:
            raise NasbenchError(
                f"The images of {images.name!r} have {dataset.channels} channels and cannot be given with {channels}; "
                "only grey ones can be given with more than they have."
            )
        self.pixels = torch.from_numpy(np.require(images.pixels, np.uint8, ["C", "W"])).to(device)
        self.labels = torch.from_numpy(np.require(images.labels, np.int64, ["C", "W"])).to(device)
        self.mean, self.std = (
            torch.tensor(numbers, dtype=torch.float32, device=device)[:, None, None]
            for numbers in (dataset.mean, dataset.std)
        )
        self.shape: Shape = (channels or dataset.channels, *dataset.shape[1:])
        self.classes = dataset.classes
        self._factor, self._summand = 1 / (255 * self.std), -self.mean / self.std

    def __len__(self) -> int:
        return len(self.labels)

    def batch(
        self,
        rows: Tensor,
        augmentation: Augmentation | None = None,
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> tuple[Tensor, Tensor]:
        """Some of the images, normalised, and their labels.

        Args:
            rows: which, int64[b], on the device.
            augmentation: how to vary them; not at all unless given.
            dtype: of the images; they are computed in float32.
            memory_format: of the images. `torch.channels_last` costs a copy, which on a CPU takes longer than all the
                rest without augmentation: it pays on GPUs that convolve so faster.

        Returns:
            Images [b, *shape] and labels int64[b].
        """
        pixels = self.pixels.index_select(0, rows)
        if augmentation is not None and (augmentation.pad or augmentation.flip):
            pixels = _cropped(pixels, augmentation.pad, augmentation.flip)
        # In place, and the layout last: several times faster on a CPU than addcmul, or than converting both at once.
        images = pixels.to(torch.float32).mul_(self._factor).add_(self._summand)
        if augmentation is not None and augmentation.cutout:
            images.mul_(_outside_squares(images, augmentation.cutout))
        images = images.to(dtype).expand(-1, *self.shape).contiguous(memory_format=memory_format)
        return images, self.labels.index_select(0, rows)


def _cropped(pixels: Tensor, pad: int, flip: bool) -> Tensor:
    """Pieces of the old size of padded images, each at a place of its own, and half of them mirrored."""
    count, channels, height, width = pixels.shape
    device = pixels.device
    padded = functional.pad(pixels, (pad,) * 4) if pad else pixels
    corners = torch.randint(2 * pad + 1, (2, count, 1), device=device)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    if flip:
        mirrored = torch.randint(2, (count, 1), device=device, dtype=torch.bool)
        columns = torch.where(mirrored, columns.flip(0), columns)
    rows, columns = corners[0] + rows, corners[1] + columns
    places = (rows[:, :, None] * padded.shape[3] + columns[:, None, :]).view(count, 1, height * width)
    return padded.flatten(2).gather(2, places.expand(-1, channels, -1)).view_as(pixels)


def _outside_squares(images: Tensor, side: int) -> Tensor:
    """0 in one square of each image and 1 elsewhere, float32[b, 1, height, width].

    Squares of an even side are those of its authors' program, which makes one of an odd side a pixel too small.
    """
    count, _, height, width = images.shape
    inside = []
    for length in (height, width):
        middle = torch.randint(length, (count, 1), device=images.device)
        offset = torch.arange(length, device=images.device) - middle + side // 2
        inside.append(((offset >= 0) & (offset < side)).to(torch.float32))
    return (1 - inside[0][:, :, None] * inside[1][:, None, :])[:, None]
