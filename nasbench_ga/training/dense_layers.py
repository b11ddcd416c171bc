"""Large dense layers on AMD's CPUs, multiplied by oneDNN, with which torch, in float32, only convolves."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nasbench_ga.environment import processor_name

FEWEST_PRODUCTS = 10_000_000
"""Of weights and numbers that come, in all rows together: with fewer, torch's own is as fast."""


def multiplied(layer: nn.Linear, rows: Tensor) -> Tensor:
    """What a dense layer makes of rows, shape (n, in), to within rounding.

    Rows that torch is fast with, or that are not float32 on a CPU, are left to it.
    """
    if (
        rows.device.type != "cpu"
        or rows.dtype != torch.float32
        or layer.weight.dtype != torch.float32
        or rows.dim() != 2
        or rows.shape[1] != layer.in_features
        or len(rows) * layer.weight.numel() < FEWEST_PRODUCTS
        or torch.is_autocast_enabled("cpu")
        or not torch_is_slow()
    ):
        return nn.Linear.forward(layer, rows)
    made: Tensor = _Multiplied.apply(rows, layer.weight, layer.bias)  # type: ignore[no-untyped-call] # torch's types lack it
    return made


@functools.cache
def torch_is_slow() -> bool:
    """Whether torch multiplies by MKL where oneDNN, which it has too, takes less than half as long.

    MKL is Intel's, and so it is on AMD's processors; on Intel's it is as fast or faster.
    """
    both = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call] # likewise
    return both and "AMD" in processor_name()


class _Multiplied(torch.autograd.Function):
    """rows weight^T + bias, and its gradients."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        of_rows, of_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(rows if of_weight else None, weight if of_rows else None)
        return _product(rows, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        rows, weight = ctx.saved_tensors
        gradient = gradients[0]
        of_rows, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(gradient, weight.t()) if of_rows else None,
            _product(gradient.t(), rows.t()) if of_weight else None,
            gradient.sum(0) if of_bias else None,
        )


def _product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """The product left right^T, and bias added to each of its rows."""
    in_order = None if bias is None else bias.contiguous()  # oneDNN reads it as if it were
    made: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, in_order, "none", [], "")
    return made
