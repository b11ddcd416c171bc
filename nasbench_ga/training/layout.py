"""How a network's weights and maps lie in memory while it is trained: channels last, which convolves faster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn


@contextlib.contextmanager
def channels_last(network: nn.Module) -> Iterator[None]:
    """While this is entered, the weights of a network lie channels last, and gradients come through it so.

    On a CPU a step takes up to half as long so; on GPUs half precision is meant to be used like this. Where maps are
    flattened, their gradient comes back channels first, and everything before would mix the two layouts, which is
    slowest of all: it is turned around once there.
    """
    flattening = [module for module in network.modules() if isinstance(module, nn.Flatten)]
    hooks = [module.register_forward_pre_hook(_turn_gradient) for module in flattening]
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's types lack it
    try:
        yield
    finally:
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's types lack it
        for hook in hooks:
            hook.remove()


def _turn_gradient(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
    maps = inputs[0]
    if maps.dim() == 4 and maps.requires_grad:
        maps.register_hook(_turned)


def _turned(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)
