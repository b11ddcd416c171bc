"""The state of a training on disk, written whole or not at all, and read back only if it is of the same training."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import read_checked, write_checked
from nasbench_ga.training.device_images import DeviceImages
from nasbench_ga.training.recipe import Recipe

State = dict[str, Any]
"""Tensors, numbers, strings, and containers of them."""

VERSION = 3
"""Of the files; rises whenever a training would go on otherwise from the same state."""


class Checkpoint:
    """The file of one training.

    Args:
        path: where it is; None if nothing is to be written.
        key: of the training (`training_key`).
        seconds: least time between two writings.
    """

    def __init__(self, path: Path | None, key: str, seconds: float) -> None:
        self.path, self.key, self.seconds = path, key, seconds
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to write."""
        return self.path is not None and time.monotonic() - self._written >= self.seconds

    def write(self, state: State) -> None:
        """Writes a state in the place of the one before.

        Raises:
            NasbenchError: the folder cannot be written or the disk is full; what was there before has not changed.
        """
        assert self.path is not None
        buffer = io.BytesIO()
        torch.save({"key": self.key, "state": state}, buffer)
        write_checked(self.path, buffer.getvalue())
        self._written = time.monotonic()

    def read(self) -> State | None:
        """The last state that was written, its tensors on the CPU; None where there is no file.

        Raises:
            CorruptFileError: the file is damaged, or of another training.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            content = read_checked(self.path)
        except CorruptFileError as error:
            raise CorruptFileError(f"The checkpoint {error}") from error
        # Only now, as torch checks no sums: a wrong bit in a weight would go unnoticed.
        try:
            found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            key, state = found["key"], found["state"]
        except Exception as error:  # what torch did not write can raise nearly anything
            raise CorruptFileError(f"The checkpoint {self.path} is not one: {error!s:.200}.") from error
        if key != self.key:
            raise CorruptFileError(f"The checkpoint {self.path} is of another training.")
        return dict(state)


def training_key(
    network: nn.Module, images: Sequence[DeviceImages], recipe: Recipe, seed: int, frozen: Collection[str]
) -> str:
    """SHA-256 of what a training follows from: recipe, seed, first weights, device, how many images of which classes.

    Args:
        network: with the weights that training begins with.
        images: to train with, and to validate with.
        recipe: what is followed.
        seed: of the training.
        frozen: modules that are not trained.
    """
    told = [VERSION, dataclasses.asdict(recipe), seed, sorted(frozen), images[0].labels.device.type]
    whole = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    tensors = [*network.state_dict().items(), *(("labels", some.labels) for some in images)]
    for name, tensor in tensors:
        whole.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        whole.update(_bytes(tensor))
    return whole.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
