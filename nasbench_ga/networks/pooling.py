"""Pooling written for CPUs: there torch's own is up to ten times slower."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class MaxPool3x3(nn.Module):
    """The highest of each pixel and its up to eight neighbours."""

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, of the shape that came, (n, channels, height, width)."""
        if images.device.type != "cpu":
            return functional.max_pool2d(images, 3, stride=1, padding=1)
        return highest(functional.pad(images, (1, 1, 1, 1), value=-math.inf), (3, 3))


class AveragePool3x3(nn.Module):
    """The mean of each pixel and its up to eight neighbours."""

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, of the shape that came, (n, channels, height, width)."""
        if images.device.type != "cpu":
            return functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
        channels = images.shape[1]
        sums = functools.partial(
            functional.conv2d, weight=images.new_ones(channels, 1, 3, 3), padding=1, groups=channels
        )
        pixels = sums(torch.ones_like(images[:1]))  # of each channel, as images lie in memory, to divide fast
        made: Tensor = sums(images).div_(pixels)
        return made


def highest(maps: Tensor, window: Sequence[int], stride: Sequence[int] = (1, 1)) -> Tensor:
    """The highest number under each window, down first and then sideways; nothing is padded.

    With windows of one pixel this is a view of the maps.

    Args:
        maps: shape (n, channels, height, width).
        window: height and width.
        stride: down and sideways.
    """
    for dimension, size, step in zip((2, 3), window, stride, strict=True):
        starts = maps.shape[dimension] - size + 1
        around = (slice(None),) * dimension
        maps = functools.reduce(torch.maximum, [maps[*around, i : i + starts : step] for i in range(size)])
    return maps
