"""Pooling gives what torch's own gives, in value and in gradient."""

import pytest
import torch
from torch import nn

from nasbench_ga.networks.pooling import AveragePool3x3, MaxPool3x3

PAIRS = {
    "max": (MaxPool3x3(), nn.MaxPool2d(3, stride=1, padding=1)),
    "average": (AveragePool3x3(), nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)),
}


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(2, 5, 8, 6), (1, 1, 1, 1), (3, 16, 2, 3)])
def test_values_and_gradients_are_those_of_torch(kind: str, layout: torch.memory_format, size: tuple[int, ...]) -> None:
    ours, theirs = PAIRS[kind]
    images = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mine = images.clone(memory_format=layout).requires_grad_()
    other = images.clone().requires_grad_()
    torch.testing.assert_close(ours(mine), theirs(other))
    weights = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (ours(mine) * weights).sum().backward()
    (theirs(other) * weights).sum().backward()
    torch.testing.assert_close(mine.grad, other.grad)
