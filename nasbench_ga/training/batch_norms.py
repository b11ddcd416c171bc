"""Batch norms of few maps that lie channels last, on CPUs: torch's own take up to ten times as long."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

FEWEST_PIXELS = 10_000
"""Of a map, in all images together: with fewer, torch's own is as fast."""
MOST_MAPS = 63
"""With more, torch's own is about as fast."""
_FAST_MULTIPLE = 16  # of as many maps, or a multiple, torch makes vectors
_WIDTH = 512


def normalised(norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
    """What a batch norm makes of maps, shape (n, c, height, width), to within rounding.

    Maps that torch is fast with, or that are not float32 and channels last on a CPU, are left to it, and so are norms
    without weights, statistics or momentum.
    """
    mean, variance = norm.running_mean, norm.running_var
    if (
        mean is None
        or variance is None
        or any(parameter is None for parameter in (norm.weight, norm.bias))
        or not norm.track_running_stats
        or not norm.momentum
        or not _is_slow(maps, norm)
    ):
        return nn.BatchNorm2d.forward(norm, maps)
    if not norm.training:
        factor = norm.weight * (variance + norm.eps).rsqrt()
        rows, pixels = _rows(maps)
        summand = (norm.bias - mean * factor).repeat(pixels)
        return _maps(torch.addcmul(summand, rows, factor.repeat(pixels)), maps.shape)
    normal: Tensor
    normal, own_mean, own_variance = _Normalised.apply(maps, norm.weight, norm.bias, norm.eps)  # type: ignore[no-untyped-call] # torch's types lack it
    count = maps.numel() // norm.num_features
    mean.lerp_(own_mean, norm.momentum)
    variance.lerp_(own_variance * (count / (count - 1)), norm.momentum)
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
    return normal


def _is_slow(maps: Tensor, norm: nn.BatchNorm2d) -> bool:
    """Whether torch would take longer."""
    channels = norm.num_features
    return (
        maps.device.type == "cpu"
        and maps.dtype == norm.weight.dtype == torch.float32
        and maps.dim() == 4
        and maps.shape[1] == channels
        and 1 < channels <= MOST_MAPS
        and channels % _FAST_MULTIPLE != 0
        and maps.numel() >= FEWEST_PIXELS * channels
        and maps.numel() // channels % 2 == 0  # else a row holds a single pixel
        and maps.is_contiguous(memory_format=torch.channels_last)
    )


class _Normalised(torch.autograd.Function):
    """Batch norm by the statistics of the batch (Ioffe & Szegedy, arXiv:1502.03167, algorithm 1), and its gradients.

    Gives these statistics too: means and variances (of all pixels, not estimated), without gradients.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        rows, pixels = _rows(maps)
        means, variances = (each.view(pixels, -1) for each in torch.batch_norm_update_stats(rows, None, None, 0.0))
        mean = means.mean(0)
        variance = variances.mean(0) + (means - mean).square().mean(0)
        inverse = (variance + eps).rsqrt()
        factor = weight * inverse
        normal = torch.empty_like(maps)  # no view, as a ReLU may change it in place
        torch.addcmul((bias - mean * factor).repeat(pixels), rows, factor.repeat(pixels), out=_rows(normal)[0])
        ctx.save_for_backward(maps, mean, inverse, weight)
        ctx.mark_non_differentiable(mean, variance)
        return normal, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        maps, mean, inverse, weight = ctx.saved_tensors
        rows, pixels = _rows(maps)
        gradient = gradients[0]
        of_normal = _rows(gradient)[0]
        count = maps.numel() // maps.shape[1]
        _, of_weights, of_biases = torch.ops.aten.native_batch_norm_backward(
            *(of_normal, rows, weight.repeat(pixels), None, None, mean.repeat(pixels), inverse.repeat(pixels)),
            *(True, 0.0, (False, True, True)),
        )
        of_weight, of_bias = (each.view(pixels, -1).sum(0) for each in (of_weights, of_biases))
        factor = weight * inverse
        slope = -factor * inverse * of_weight / count
        summand = -factor * of_bias / count - slope * mean
        of_rows = torch.addcmul(summand.repeat(pixels), of_normal, factor.repeat(pixels))
        of_rows.addcmul_(rows, slope.repeat(pixels))
        return _maps(of_rows, maps.shape), of_weight, of_bias, None


def _rows(maps: Tensor) -> tuple[Tensor, int]:
    """All channels of some pixels in a row, so many that a row is about as wide as is fastest, and how many."""
    count, channels, height, width = maps.shape
    pixels = math.gcd(count * height * width, 2 ** round(math.log2(max(1, _WIDTH / channels))))
    return maps.permute(0, 2, 3, 1).reshape(-1, pixels * channels), pixels


def _maps(rows: Tensor, shape: torch.Size) -> Tensor:
    """Maps of this shape again, channels last."""
    count, channels, height, width = shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)
