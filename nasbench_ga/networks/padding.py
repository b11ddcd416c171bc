"""Padding as TensorFlow's "same": an output is its input divided by the stride, rounded up.

The padding that this takes is put on both sides, and what is odd of it behind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_ga.networks.pooling import highest

Pair = tuple[int, int]


def sides_of_padding(size: Sequence[int], kernel: Pair, stride: Pair) -> tuple[Pair, Pair]:
    """The padding before and behind each side.

    Args:
        size: height and width of what comes.
        kernel: its height and width.
        stride: down and sideways.

    Returns:
        Above and to the left, below and to the right.
    """
    totals = [
        max((-(-side // step) - 1) * step + reach - side, 0)
        for side, reach, step in zip(size, kernel, stride, strict=True)
    ]
    above, left = (total // 2 for total in totals)
    return (above, left), (totals[0] - above, totals[1] - left)


class SameConv2d(nn.Conv2d):
    """A convolution, with bias, padded so; it pads by itself only where both sides are not alike.

    Args:
        size: height and width of the maps that come.
        wide_in: how many they are.
        wide_out: maps that go out.
        kernel: height and width.
        stride: down and sideways.
    """

    def __init__(self, size: Sequence[int], wide_in: int, wide_out: int, kernel: Pair, stride: Pair = (1, 1)) -> None:
        before, behind = sides_of_padding(size, kernel, stride)
        even = before == behind
        super().__init__(wide_in, wide_out, kernel, stride, padding=before if even else 0)
        self.around = None if even else (before[1], behind[1], before[0], behind[0])

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, wide_out, rounded-up height, width), of maps, shape (n, wide_in, height, width)."""
        return super().forward(images if self.around is None else functional.pad(images, self.around))


class SamePool2d(nn.Module):
    """Pooling padded so; averages are of the pixels that there are.

    Without gradients, the highest numbers come on CPUs of `highest`, which takes a fraction of the time; its gradients
    would take longer than torch's. For torch's own pooling nothing is copied: its padding is alike on both sides and
    its `ceil_mode` adds what is odd behind; with a stride of 1 it is one line too many before, which is cut off.

    Args:
        size: height and width of the maps that come.
        window: height and width.
        stride: down and sideways.
        average: rather than the highest.
    """

    def __init__(self, size: Sequence[int], window: Pair, stride: Pair, average: bool) -> None:
        super().__init__()
        before, behind = sides_of_padding(size, window, stride)
        self.cut = tuple(int(s == 1 and b != a) for s, b, a in zip(stride, before, behind, strict=True))
        self.window, self.stride, self.average = window, stride, average
        self.padding = (before[0] + self.cut[0], before[1] + self.cut[1])
        self.around = (before[1], behind[1], before[0], behind[0])

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, maps, rounded-up height, width), of maps, shape (n, maps, height, width)."""
        without_gradient = not (torch.is_grad_enabled() and images.requires_grad)
        if not self.average and without_gradient and images.device.type == "cpu":
            padded = functional.pad(images, self.around, value=-math.inf) if any(self.around) else images
            return highest(padded, self.window, self.stride)
        if self.average:
            pooled = functional.avg_pool2d(
                images, self.window, self.stride, self.padding, ceil_mode=True, count_include_pad=False
            )
        else:
            pooled = functional.max_pool2d(images, self.window, self.stride, self.padding, ceil_mode=True)
        return pooled[:, :, self.cut[0] :, self.cut[1] :] if any(self.cut) else pooled
