"""The accuracy of a network on images that it is not trained with, and the numbers it computes with."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from nasbench_ga.training.device_images import DeviceImages, Examples

Precision = Literal["auto", "float32", "bfloat16"]


def number_type(precision: Precision, device: torch.device) -> torch.dtype:
    """What layers compute with on a device: bfloat16 where it is asked for, or auto and the GPU has it."""
    if precision == "auto":
        has_it = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_it else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def usual_batch(device: torch.device) -> int:
    """How many images are best sent through a network at once that is not trained: what caches hold, on a CPU."""
    return 128 if device.type == "cpu" else 1024


def accuracy(
    network: nn.Module, images: DeviceImages, batch: int | None = None, precision: Precision = "auto"
) -> float:
    """How many images of a hundred a network classifies right; an image of which it says anything infinite is not.

    Args:
        network: on the device of the images; its mode is as before afterwards.
        images: at least one.
        batch: how many go through it at once; what suits the device unless given.
        precision: as in `Recipe`.
    """
    batch = batch or usual_batch(images.labels.device)
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        return 100 * int(count_right(network, images, batch, precision)[0]) / len(images)
    finally:
        for module, training in modes:
            module.training = training


@torch.inference_mode()
def count_right(network: nn.Module, images: Examples, batch: int, precision: Precision) -> Tensor:
    """How many images a network in its present mode classifies right, and for how many all it says is finite.

    Returns:
        Both numbers, int64[2], on the device and not waited for.
    """
    device = images.labels.device
    dtype = number_type(precision, device)
    counted = torch.zeros(2, dtype=torch.int64, device=device)
    for rows in torch.split(torch.arange(len(images), device=device), batch):
        pixels, labels = images.batch(rows, None, dtype)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = network(pixels)
        finite = logits.isfinite().all(1)
        counted += torch.stack([((logits.argmax(1) == labels) & finite).sum(), finite.sum()])
    return counted
