"""Batch norms of few maps that lie channels last, on CPUs: torch's own take up to ten times as long."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

FEWEST_PIXELS = 10_000
"""Of a map, in all images together: with fewer, torch's own is as fast."""
MOST_MAPS = 31
"""With more, torch's own is as fast."""
_FAST_MULTIPLE = 16  # of as many maps, or a multiple, torch makes vectors
_WIDTH = 512


@contextlib.contextmanager
def fast_batch_norms(network: nn.Module) -> Iterator[None]:
    """While this is entered, the batch norms of a network compute as `normalised` does.

    Left alone are other kinds of them than `nn.BatchNorm2d` itself, those without weights, statistics or momentum, and
    those whose `forward` somebody changed.
    """
    norms = [
        module
        for module in network.modules()
        if type(module) is nn.BatchNorm2d
        and module.affine
        and module.track_running_stats
        and module.momentum
        and "forward" not in vars(module)
    ]
    for norm in norms:
        norm.forward = functools.partial(normalised, norm)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward  # of the object: that of the class is seen again


def normalised(norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
    """What a batch norm makes of maps, shape (n, c, height, width), to within rounding.

    Maps that torch is fast with, or that are not float32 and channels last on a CPU, are left to it.
    """
    channels = maps.shape[1]
    if (
        maps.device.type != "cpu"
        or maps.dtype != torch.float32
        or maps.numel() < FEWEST_PIXELS * channels
        or channels > MOST_MAPS
        or channels % _FAST_MULTIPLE == 0
        or not maps.is_contiguous(memory_format=torch.channels_last)
    ):
        return nn.BatchNorm2d.forward(norm, maps)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    if not norm.training:
        factor = norm.weight * (norm.running_var + norm.eps).rsqrt()
        rows, pixels = _rows(maps)
        summand = (norm.bias - norm.running_mean * factor).repeat(pixels)
        return _maps(torch.addcmul(summand, rows, factor.repeat(pixels)), maps.shape)
    assert norm.momentum is not None
    assert norm.num_batches_tracked is not None
    normal: Tensor
    normal, mean, variance = _Normalised.apply(maps, norm.weight, norm.bias, norm.eps)  # type: ignore[no-untyped-call] # torch's types lack it
    count = maps.numel() // channels
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    norm.num_batches_tracked.add_(1)
    return normal


class _Normalised(torch.autograd.Function):
    """Batch norm by the statistics of the batch (Ioffe & Szegedy, arXiv:1502.03167, algorithm 1), and its gradients.

    Gives these statistics too: means and variances (of all pixels, not estimated), without gradients.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        rows, pixels = _rows(maps)
        count = maps.numel() // maps.shape[1]
        mean = _sums(rows, pixels) / count
        centred = rows - mean.repeat(pixels)
        variance = _sums(centred * centred, pixels) / count
        inverse = (variance + eps).rsqrt()
        normal = torch.empty_like(maps)  # no view, as a ReLU may change it in place
        torch.addcmul(bias.repeat(pixels), centred, (weight * inverse).repeat(pixels), out=_rows(normal)[0])
        ctx.save_for_backward(centred, inverse, weight)
        ctx.mark_non_differentiable(mean, variance)
        return normal, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        centred, inverse, weight = ctx.saved_tensors
        gradient = gradients[0]
        rows, pixels = _rows(gradient)
        count = gradient.numel() // gradient.shape[1]
        of_bias = _sums(rows, pixels)
        of_weight = inverse * _sums(rows * centred, pixels)
        factor = weight * inverse
        through_mean, through_variance = -factor * of_bias / count, -factor * inverse * of_weight / count
        of_rows = torch.addcmul(through_mean.repeat(pixels), rows, factor.repeat(pixels))
        of_rows.addcmul_(centred, through_variance.repeat(pixels))
        return _maps(of_rows, gradient.shape), of_weight, of_bias, None


def _rows(maps: Tensor) -> tuple[Tensor, int]:
    """All channels of some pixels in a row, so many that a row is about as wide as is fastest, and how many."""
    count, channels, height, width = maps.shape
    pixels = math.gcd(count * height * width, 2 ** round(math.log2(max(1, _WIDTH / channels))))
    return maps.permute(0, 2, 3, 1).reshape(-1, pixels * channels), pixels


def _maps(rows: Tensor, shape: torch.Size) -> Tensor:
    """Maps of this shape again, channels last."""
    count, channels, height, width = shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


def _sums(rows: Tensor, pixels: int) -> Tensor:
    """The sum of each channel, shape (c,)."""
    return rows.sum(0).view(pixels, -1).sum(0)
