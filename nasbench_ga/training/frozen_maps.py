"""What frozen leading layers make of the images, computed once: it is the same in every epoch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nasbench_ga.networks import Network
from nasbench_ga.training.device_images import Augmentation, DeviceImages, Examples
from nasbench_ga.training.measuring import Precision, number_type

MOST_BYTES = 2**30
"""That all maps may take; if they take more, they are computed in each step."""


class Remaining(NamedTuple):
    """What a training goes through again and again.

    Attributes:
        network: the modules behind those that do not change, or all of it.
        training: what comes to them of the images to train with.
        validation: the same of those to validate with.
    """

    network: nn.Module
    training: Examples
    validation: Examples


class FrozenMaps:
    """What modules that do not change make of images, with their labels; a batch of it is copied, as one of images is.

    Args:
        rows: what was made of each image, one a row, maps channels last.
        shape: of what was made of one image; three numbers are channels, height and width of maps.
        labels: int64[n].
    """

    def __init__(self, rows: Tensor, shape: Sequence[int], labels: Tensor) -> None:
        self.rows, self.shape, self.labels = rows, shape, labels

    def __len__(self) -> int:
        return len(self.labels)

    def batch(
        self,
        rows: Tensor,
        augmentation: Augmentation | None = None,  # noqa: ARG002
        dtype: torch.dtype = torch.float32,  # noqa: ARG002
        memory_format: torch.memory_format = torch.contiguous_format,  # noqa: ARG002
    ) -> tuple[Tensor, Tensor]:
        """What was made of some images, as it came out of the modules, and their labels."""
        chosen, labels = self.rows.index_select(0, rows), self.labels.index_select(0, rows)
        if len(self.shape) != 3:
            return chosen.view(-1, *self.shape), labels
        channels, height, width = self.shape
        return chosen.view(-1, height, width, channels).permute(0, 3, 1, 2), labels


def behind_frozen(
    network: nn.Module,
    resting: Collection[nn.Module],
    training: DeviceImages,
    validation: DeviceImages,
    at_once: int,
    precision: Precision,
) -> Remaining | None:
    """Sends all images through the modules that come first and rest, and gives what is left to train.

    Gives None if there are no such modules, if they are not known to be gone through one after the other
    (`Network.in_sequence`), if what they make of an image is not one tensor of its own, or if all of it takes more than
    `MOST_BYTES`.

    Args:
        network: of the modules.
        resting: those that do not change and are in evaluation mode, with all that is in them.
        training: images to train with, not augmented.
        validation: images to validate with.
        at_once: images that go through the modules together.
        precision: that they compute with.
    """
    modules = _in_sequence(network)
    inside = {module for outer in resting for module in outer.modules()}
    first = list(takewhile(lambda module: module in inside and _looks_at_one_image(module), modules))
    if not first:
        return None
    head = nn.Sequential(*first)
    made = _made(head, validation, slice(0, 1), precision)
    if not isinstance(made, Tensor) or len(made) != 1:
        return None
    (example,) = made
    if (len(training) + len(validation)) * example.nbytes > MOST_BYTES:
        return None
    maps = [_all_made(head, images, example, at_once, precision) for images in (training, validation)]
    return Remaining(nn.Sequential(*modules[len(first) :]), *maps)


def _in_sequence(network: nn.Module) -> Sequence[nn.Module]:
    if type(network) is nn.Sequential:  # others may do more than go through their modules
        return [*network]
    return network.in_sequence() if isinstance(network, Network) else ()


def _looks_at_one_image(module: nn.Module) -> bool:
    """Whether what it makes of an image in evaluation mode does not depend on the others, as without statistics."""
    norms = (inner for inner in module.modules() if isinstance(inner, _BatchNorm))
    return all(norm.running_mean is not None for norm in norms)


def _all_made(head: nn.Module, images: DeviceImages, example: Tensor, at_once: int, precision: Precision) -> FrozenMaps:
    rows = example.new_empty(len(images), example.numel())
    for start in range(0, len(images), at_once):
        chosen = slice(start, min(start + at_once, len(images)))
        made = _made(head, images, chosen, precision)
        rows[chosen] = (made.permute(0, 2, 3, 1) if made.dim() == 4 else made).flatten(1)
    return FrozenMaps(rows, example.shape, images.labels)


@torch.no_grad()
def _made(head: nn.Module, images: DeviceImages, chosen: slice, precision: Precision) -> Any:
    device = images.labels.device
    dtype = number_type(precision, device)
    pixels, _ = images.batch(torch.arange(chosen.start, chosen.stop, device=device), None, dtype)
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        return head(pixels)
