"""Pooling over each pixel and its neighbours, written for CPUs: there torch's own is up to ten times slower."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class MaxPool3x3(nn.Module):
    """The highest of each pixel and its up to eight neighbours."""

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, of the shape that came, (n, channels, height, width)."""
        if images.device.type != "cpu":
            return functional.max_pool2d(images, 3, stride=1, padding=1)
        padded = functional.pad(images, (1, 1, 1, 1), value=-math.inf)
        rows = torch.maximum(torch.maximum(padded[:, :, :-2], padded[:, :, 1:-1]), padded[:, :, 2:])
        return torch.maximum(torch.maximum(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:])


class AveragePool3x3(nn.Module):
    """The mean of each pixel and its up to eight neighbours."""

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, of the shape that came, (n, channels, height, width)."""
        if images.device.type != "cpu":
            return functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
        channels, size = images.shape[1], images.shape[2:]
        ones = images.new_ones(1, 1, 3, 3)
        pixels = functional.conv2d(images.new_ones(1, 1, *size), ones, padding=1)
        return functional.conv2d(images, ones.repeat(channels, 1, 1, 1), padding=1, groups=channels) / pixels
