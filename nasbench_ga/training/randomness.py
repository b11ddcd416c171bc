"""Random numbers of a training that follow from its seed, and leave everybody else's alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

_DRAWS, _ORDERS = 0, 1


@contextlib.contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """While this is entered, torch's generators of the CPU and of a device may be used; then they are as before."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


def sow(seed: int, device: torch.device) -> None:
    """Sets torch's generators of the CPU and of a device for augmentation and dropout."""
    number = _number(_DRAWS, seed)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)


def order_of_epoch(seed: int, epoch: int, images: int, device: torch.device) -> Tensor:
    """All images in the order of an epoch, int64[images], which depends on nothing but seed, epoch and device."""
    generator = torch.Generator(device).manual_seed(_number(_ORDERS, seed, epoch))
    return torch.randperm(images, generator=generator, device=device)


def generator_states(device: torch.device) -> dict[str, Tensor]:
    """Where torch's generators are, as bytes on the CPU."""
    states = {"cpu": torch.get_rng_state()}
    return states | {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else states


def set_generators(states: dict[str, Tensor], device: torch.device) -> None:
    """Puts torch's generators where they were."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def _number(*what: int) -> int:
    return int(np.random.SeedSequence(what).generate_state(1, np.uint64)[0])
