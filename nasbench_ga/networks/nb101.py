"""The network of NAS-Bench-101 (Ying et al. 2019, section 2.3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_ga.networks.building import Network, added, builders
from nasbench_ga.networks.initialisation import initialise, normal_by_outputs, zeros
from nasbench_ga.networks.pooling import MaxPool3x3
from nasbench_ga.spaces import NB101Cell
from nasbench_ga.spaces.nb101_parameters import CELLS_PER_STACK, IMAGE_CHANNELS, STACKS, STEM, vertex_channels

_EPSILON, _MOMENTUM = 1e-5, 1 - 0.997  # TensorFlow's momentum is what is kept, torch's what is replaced


@builders.register("nb101")
class NB101Network(Network):
    """Stem, stacks of cells with max-pooling and twice the channels between stacks, average pooling, classifier.

    Args:
        cell: matrix and operations, pruned.
        classes: width of the classifier.
        stem: channels of the stem and of the first stack.
        stacks: number of stacks.
        cells_per_stack: cells in each.

    Shapes: images, float (n, 3, height, width), to logits (n, classes).
    """

    def __init__(
        self,
        cell: NB101Cell,
        classes: int = 10,
        stem: int = STEM,
        stacks: int = STACKS,
        cells_per_stack: int = CELLS_PER_STACK,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_bn_relu(IMAGE_CHANNELS, stem, 3)]
        wide_in, wide_out = stem, stem
        for stack in range(stacks):
            if stack:
                layers.append(nn.MaxPool2d(2))
                wide_out *= 2
            for _ in range(cells_per_stack):
                layers.append(Cell(cell, wide_in, wide_out))
                wide_in = wide_out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(wide_in, classes)

    def initialise(self, seed: int) -> None:
        """Weights as the authors': normal, by a layer's outputs."""
        initialise(self, seed, normal_by_outputs, zeros)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, shape (n, classes), of images, shape (n, 3, height, width)."""
        return self.classifier(self.features(images).mean((2, 3)))


class Cell(nn.Module):
    """One cell: vertices add up what reaches them, the output concatenates.

    The cell's input comes into a vertex through a projection; a predecessor with one channel more is cut. An edge
    from input to output is added to the concatenation, projected.
    """

    def __init__(self, cell: NB101Cell, wide_in: int, wide_out: int) -> None:
        super().__init__()
        matrix = np.array(cell.matrix)
        output = len(matrix) - 1
        self.channels = vertex_channels(matrix[None], wide_out)[0].tolist()
        self.sources = [[u for u in range(1, v) if matrix[u, v]] for v in range(output + 1)]
        self.projections = nn.ModuleDict(
            {str(v): conv_bn_relu(wide_in, self.channels[v], 1) for v in range(1, output + 1) if matrix[0, v]}
        )
        self.operations = nn.ModuleList(
            _operation(name, width) for name, width in zip(cell.operations[1:-1], self.channels[1:-1], strict=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, wide_out, height, width), of feature maps, shape (n, wide_in, height, width)."""
        values = [images]
        for vertex, operation in enumerate(self.operations, start=1):
            arriving = [values[u][:, : self.channels[vertex]] for u in self.sources[vertex]]
            if str(vertex) in self.projections:
                arriving.append(self.projections[str(vertex)](images))
            values.append(operation(added(arriving)))
        output = len(values)
        direct = [self.projections[str(output)](images)] if str(output) in self.projections else []
        concatenated = [torch.cat([values[u] for u in self.sources[output]], 1)] if self.sources[output] else []
        return added([*concatenated, *direct])


def conv_bn_relu(wide_in: int, wide_out: int, kernel: int) -> nn.Sequential:
    """Convolution of unchanged size without bias, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(wide_out, _EPSILON, _MOMENTUM),
        nn.ReLU(inplace=True),
    )


def _operation(name: str, width: int) -> nn.Module:
    if name == "maxpool3x3":
        return MaxPool3x3()
    return conv_bn_relu(width, width, {"conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1}[name])
