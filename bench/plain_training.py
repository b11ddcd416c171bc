"""Training as tutorials have it: a Dataset that gives image after image, a DataLoader, and a plain loop of torch's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from nasbench_ga.training import Images


class PlainImages(Dataset[tuple[Tensor, int]]):
    """Images of a data set, each made a normalised tensor when it is asked for, as torchvision's transforms do it.

    Args:
        images: of a data set.
        pad: pixels around an image, of which a piece of its size is cut out at random (RandomCrop).
        flip: whether half of them are mirrored (RandomHorizontalFlip).
    """

    def __init__(self, images: Images, pad: int = 0, flip: bool = False) -> None:
        self.images, self.pad, self.flip = images, pad, flip
        self.pixels = np.ascontiguousarray(images.pixels.transpose(0, 2, 3, 1))  # as images are before ToTensor
        self.mean, self.std = images.dataset.mean, images.dataset.std

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        image = _to_tensor(self.pixels[row])
        if self.pad:
            image = _random_crop(image, self.pad)
        if self.flip and torch.rand(1) < 0.5:
            image = image.flip(-1)
        return _normalised(image, self.mean, self.std), int(self.images.labels[row])


def _to_tensor(pixels: np.ndarray) -> Tensor:
    """torchvision.transforms.functional.to_tensor of an array."""
    return torch.from_numpy(pixels.transpose(2, 0, 1)).contiguous().to(torch.float32).div(255)


def _random_crop(image: Tensor, pad: int) -> Tensor:
    """torchvision.transforms.RandomCrop(size, padding=pad)."""
    height, width = image.shape[-2:]
    padded = functional.pad(image, [pad] * 4)
    top = int(torch.randint(0, 2 * pad + 1, (1,)).item())
    left = int(torch.randint(0, 2 * pad + 1, (1,)).item())
    return padded[..., top : top + height, left : left + width]


def _normalised(image: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """torchvision.transforms.functional.normalize."""
    image = image.clone()
    means = torch.as_tensor(mean, dtype=image.dtype).view(-1, 1, 1)
    deviations = torch.as_tensor(std, dtype=image.dtype).view(-1, 1, 1)
    return image.sub_(means).div_(deviations)


def train(
    network: nn.Module,
    images: PlainImages,
    optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer],
    *,
    batch: int,
    workers: int,
) -> float:
    """One epoch; gives the loss of its last step."""
    device = next(network.parameters()).device
    loader = DataLoader(images, batch, shuffle=True, num_workers=workers, pin_memory=device.type == "cuda")
    moved = optimizer(list(network.parameters()))
    network.train()
    for pixels, labels in loader:
        loss = functional.cross_entropy(network(pixels.to(device)), labels.to(device))
        moved.zero_grad()
        loss.backward()
        moved.step()
    return loss.item()
