"""The networks of NATS-Bench (Dong et al. 2021, section 3); that of its topology space is NAS-Bench-201's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from nasbench_ga.networks.building import builders
from nasbench_ga.spaces import get_space
from nasbench_ga.spaces.nats_tss import CELLS_PER_STAGE, EDGES, NODES, OPERATION_NAMES, STAGE_CHANNELS

_SIZE_SPACE_CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"


class NATSNetwork(nn.Module):
    """Stem, stages of cells with a residual block of half the size between them, average pooling, classifier.

    Args:
        operations: of the cell's six edges, in the order of the architecture string.
        stages: the widths of the cells of each stage, in order.
        reductions: the width of the residual block after each stage but the last.
        classes: width of the classifier.

    Shapes: images, float (n, 3, height, width), to logits (n, classes). Weights start as torch has them, as the
    authors' did.
    """

    def __init__(
        self, operations: Sequence[str], stages: Sequence[Sequence[int]], reductions: Sequence[int], classes: int = 10
    ) -> None:
        super().__init__()
        width = stages[0][0]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
        for stage, widths in enumerate(stages):
            for wide_in, wide_out in pairwise((width, *widths)):
                layers.append(Cell(operations, wide_in, wide_out))
            width = widths[-1]
            if stage < len(reductions):
                layers.append(Reduction(width, reductions[stage]))
                width = reductions[stage]
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU())
        self.classifier = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, shape (n, classes), of images, shape (n, 3, height, width)."""
        return self.classifier(self.features(images).mean((2, 3)))


@builders.register("nats-tss")
def topology_network(
    cell: str,
    classes: int = 10,
    channels: Sequence[int] = STAGE_CHANNELS,
    cells_per_stage: int = CELLS_PER_STAGE,
) -> NATSNetwork:
    """The network of an architecture string: stages of `cells_per_stage` cells, one width a stage."""
    stages = [[width] * cells_per_stage for width in channels]
    return NATSNetwork(_operations(cell), stages, channels[1:], classes)


@builders.register("nats-sss")
def size_network(cell: str, classes: int = 10) -> NATSNetwork:
    """The network of channels written as ``8:16:64:8:32``: a cell, a block, a cell, a block, a cell."""
    widths = [int(width) for width in cell.split(":")]
    return NATSNetwork(_operations(_SIZE_SPACE_CELL), [[w] for w in widths[::2]], widths[1::2], classes)


def _operations(cell: str) -> list[str]:
    return [OPERATION_NAMES[gene] for gene in get_space("nats-tss").encode(cell)]


class Cell(nn.Module):
    """Four nodes, each the sum of its edges' operations on earlier nodes."""

    def __init__(self, operations: Sequence[str], wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            _operation(name, wide_in if source == 0 else wide_out, wide_out)
            for name, (source, _) in zip(operations, EDGES, strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, wide_out, height, width), of feature maps, shape (n, wide_in, height, width)."""
        nodes: list[Any] = [images, 0, 0, 0]
        for edge, (source, target) in zip(self.edges, EDGES, strict=True):
            nodes[target] = nodes[target] + edge(nodes[source])
        return nodes[NODES - 1]


class Reduction(nn.Module):
    """Residual block of stride 2: two convolutions, and on the way around pooling and a 1x1 convolution."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(relu_conv_bn(wide_in, wide_out, 3, 2), relu_conv_bn(wide_out, wide_out, 3))
        self.around = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(wide_in, wide_out, 1, bias=False))

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps of half the size, shape (n, wide_out, height / 2, width / 2)."""
        return self.around(images) + self.convolutions(images)


class Zero(nn.Module):
    """Nothing, in the shape of the output."""

    def __init__(self, wide_out: int) -> None:
        super().__init__()
        self.wide_out = wide_out

    def forward(self, images: Tensor) -> Tensor:
        """Zeros, shape (n, wide_out, height, width)."""
        return images.new_zeros(len(images), self.wide_out, *images.shape[2:])


def relu_conv_bn(wide_in: int, wide_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution without bias, batch norm."""
    convolution = nn.Conv2d(wide_in, wide_out, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(wide_out))


def _operation(name: str, wide_in: int, wide_out: int) -> nn.Module:
    match name:
        case "none":
            return Zero(wide_out)
        case "skip_connect" if wide_in == wide_out:
            return nn.Identity()
        case "skip_connect":
            return nn.Sequential(nn.Conv2d(wide_in, wide_out, 1, bias=False), nn.BatchNorm2d(wide_out))
        case "avg_pool_3x3":
            return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        case _:
            return relu_conv_bn(wide_in, wide_out, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name])
