"""The networks of NATS-Bench (Dong et al. 2021, section 3); that of its topology space is NAS-Bench-201's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_ga.networks.building import Network, added, builders, side_by_side
from nasbench_ga.networks.initialisation import initialise, uniform
from nasbench_ga.networks.pooling import AveragePool3x3
from nasbench_ga.networks.transfer import sent
from nasbench_ga.spaces import Genotypes, get_space
from nasbench_ga.spaces.nats_tss import CELLS_PER_STAGE, EDGES, NODES, OPERATION_NAMES, STAGE_CHANNELS, on_a_path

_NONE = OPERATION_NAMES.index("none")
_SIZE_SPACE_CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"


class NATSNetwork(Network):
    """Stem, stages of cells with a residual block of half the size between them, average pooling, classifier.

    Several cells make several networks side by side, as groups of the channels of one: each convolution is one in
    groups, through which go those networks that have it in that place. They share the stem and the classifier, as
    they do when they are untrained and of one seed.

    Args:
        cells: int8, shape (networks, 6): the operation of each edge, in the order of the architecture string.
        stages: the widths of the cells of each stage, in order.
        reductions: the width of the residual block after each stage but the last.
        classes: width of the classifier.

    Shapes: images, float (n, 3, height, width), to logits (n, classes); (n, networks, classes) if there are several.
    """

    def __init__(
        self, cells: Genotypes, stages: Sequence[Sequence[int]], reductions: Sequence[int], classes: int = 10
    ) -> None:
        super().__init__()
        self.networks = len(cells)
        width = stages[0][0]
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        layers: list[nn.Module] = []
        for stage, widths in enumerate(stages):
            for wide_in, wide_out in pairwise((width, *widths)):
                layers.append(Cell(cells, wide_in, wide_out))
            width = widths[-1]
            if stage < len(reductions):
                layers.append(Reduction(width, reductions[stage], self.networks))
                width = reductions[stage]
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(self.networks * width), nn.ReLU())
        self.classifier = nn.Linear(width, classes)

    def initialise(self, seed: int) -> None:
        """Weights as the authors', which are torch's: uniform, by the inputs of a layer's output."""
        initialise(self, seed, weight=uniform, bias=uniform)

    def relus(self) -> Iterator[tuple[nn.Module, Sequence[int]]]:
        """Every ReLU, with the numbers of the networks that go through it."""
        members = {
            module: edge.members[name]
            for edge in self.modules()
            if isinstance(edge, Edge)
            for name, operation in edge.operations.items()
            for module in operation.modules()
        }
        everyone = range(self.networks)
        return ((module, members.get(module, everyone)) for module in self.modules() if isinstance(module, nn.ReLU))

    def forward(self, images: Tensor) -> Tensor:
        """Logits, shape (n, classes) or (n, networks, classes), of images, shape (n, 3, height, width)."""
        shared = self.stem(images).unsqueeze(1).expand(-1, self.networks, -1, -1, -1)
        features = self.features(shared.flatten(1, 2)).mean((2, 3))
        logits = self.classifier(features.reshape(len(images), self.networks, -1))
        return logits.squeeze(1) if self.networks == 1 else logits


@builders.register("nats-tss")
def topology_network(
    cell: str,
    classes: int = 10,
    channels: Sequence[int] = STAGE_CHANNELS,
    cells_per_stage: int = CELLS_PER_STAGE,
) -> NATSNetwork:
    """The network of an architecture string: stages of `cells_per_stage` cells, one width a stage."""
    return _topology(_operations([cell]), classes, channels, cells_per_stage)


@side_by_side.register("nats-tss")
def topology_networks(
    cells: Sequence[str],
    classes: int = 10,
    channels: Sequence[int] = STAGE_CHANNELS,
    cells_per_stage: int = CELLS_PER_STAGE,
) -> NATSNetwork:
    """The networks of architecture strings side by side, without edges that lie on no path from input to output."""
    operations = _operations(cells)
    operations[~on_a_path(operations != _NONE)] = _NONE
    return _topology(operations, classes, channels, cells_per_stage)


def _topology(operations: Genotypes, classes: int, channels: Sequence[int], cells_per_stage: int) -> NATSNetwork:
    return NATSNetwork(operations, [[width] * cells_per_stage for width in channels], channels[1:], classes)


@builders.register("nats-sss")
def size_network(cell: str, classes: int = 10) -> NATSNetwork:
    """The network of channels written as ``8:16:64:8:32``: a cell, a block, a cell, a block, a cell."""
    widths = [int(width) for width in cell.split(":")]
    return NATSNetwork(_operations([_SIZE_SPACE_CELL]), [[w] for w in widths[::2]], widths[1::2], classes)


def _operations(cells: Sequence[str]) -> Genotypes:
    return np.stack([get_space("nats-tss").encode(cell) for cell in cells])


class Cell(nn.Module):
    """Four nodes, each the sum of its edges' operations on earlier nodes, for one or more cells side by side."""

    def __init__(self, cells: Genotypes, wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.width = len(cells) * wide_out
        self.edges = nn.ModuleList(
            Edge([OPERATION_NAMES[gene] for gene in genes], wide_in if source == 0 else wide_out, wide_out)
            for genes, (source, _) in zip(np.transpose(cells), EDGES, strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, networks * wide_out, height, width), of maps of as many times wide_in channels."""
        nodes = [images]
        for target in range(1, NODES):
            arriving = [
                edge(nodes[source])
                for edge, (source, into) in zip(self.edges, EDGES, strict=True)
                if into == target and edge.operations
            ]
            nodes.append(added(arriving or [images.new_zeros(len(images), self.width, *images.shape[2:])]))
        return nodes[-1]


class Edge(nn.Module):
    """One edge of one or more networks side by side: those with the same operation go through it together.

    Args:
        names: the operation of each network.
        wide_in: channels of a network where the edge comes from.
        wide_out: channels where it leads to.
    """

    def __init__(self, names: Sequence[str], wide_in: int, wide_out: int) -> None:
        super().__init__()
        self.networks, self.wide_out = len(names), wide_out
        self.members = {
            name: [number for number, own in enumerate(names) if own == name] for name in sorted({*names} - {"none"})
        }
        self.operations = nn.ModuleDict(
            {name: _operation(name, wide_in, wide_out, len(own)) for name, own in self.members.items()}
        )

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, networks * wide_out, height, width); zeros for a network without operation."""
        if [*self.members.values()] == [[*range(self.networks)]]:
            (operation,) = self.operations.values()
            return operation(images)
        batch, _, *size = images.shape
        each = images.reshape(batch, self.networks, -1, *size)
        together = images.new_zeros(batch, self.networks, self.wide_out, *size)
        for name, own in self.members.items():
            chosen = sent(torch.tensor(own), images.device)
            maps = self.operations[name](each[:, chosen].flatten(1, 2))
            together[:, chosen] = maps.reshape(batch, len(own), self.wide_out, *size)
        return together.flatten(1, 2)


class Reduction(nn.Module):
    """Residual block of stride 2: two convolutions, and on the way around pooling and a 1x1 convolution."""

    def __init__(self, wide_in: int, wide_out: int, networks: int = 1) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            relu_conv_bn(wide_in, wide_out, 3, networks, stride=2), relu_conv_bn(wide_out, wide_out, 3, networks)
        )
        self.around = nn.Sequential(nn.AvgPool2d(2), _convolution(wide_in, wide_out, 1, networks))

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps of half the size, shape (n, networks * wide_out, height / 2, width / 2)."""
        return self.around(images) + self.convolutions(images)


def relu_conv_bn(wide_in: int, wide_out: int, kernel: int, networks: int = 1, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution without bias, batch norm."""
    convolution = _convolution(wide_in, wide_out, kernel, networks, stride)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(networks * wide_out))


def _convolution(wide_in: int, wide_out: int, kernel: int, networks: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(
        networks * wide_in,
        networks * wide_out,
        kernel,
        stride,
        padding=kernel // 2,
        groups=networks,
        bias=False,
    )


def _operation(name: str, wide_in: int, wide_out: int, networks: int) -> nn.Module:
    match name:
        case "skip_connect" if wide_in == wide_out:
            return nn.Identity()
        case "skip_connect":
            return nn.Sequential(_convolution(wide_in, wide_out, 1, networks), nn.BatchNorm2d(networks * wide_out))
        case "avg_pool_3x3":
            return AveragePool3x3()
        case _:
            return relu_conv_bn(wide_in, wide_out, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[name], networks)
