"""The networks of layer chains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench_ga.networks import inheritance
from nasbench_ga.networks.building import Inheritance, Network, builders
from nasbench_ga.networks.initialisation import he_normal, initialise, xavier_uniform, zeros
from nasbench_ga.networks.padding import Pair, SameConv2d, SamePool2d
from nasbench_ga.spaces import Chain, Layer

Shape = tuple[int, ...]
"""Of what goes from layer to layer: channels, height and width, or the number of units."""


@builders.register("layer-chain")
class ChainNetwork(Network):
    """The layers of a chain one after the other, then the output layer.

    Args:
        chain: the layers.
        classes: width of the output layer.
        image: channels, height and width.

    Attributes:
        chain: the layers.
        shapes: what comes into each layer and, last, into the output layer.

    Shapes: images, float (n, *image), to logits (n, classes).
    """

    def __init__(self, chain: Chain, classes: int = 10, image: tuple[int, int, int] = (1, 28, 28)) -> None:
        super().__init__()
        self.chain = chain
        shapes, layers = [tuple(image)], []
        for layer in chain:
            module, shape = _built(layer, shapes[-1])
            layers.append(module)
            shapes.append(shape)
        self.shapes: tuple[Shape, ...] = tuple(shapes)
        self.layers = nn.Sequential(*layers)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(math.prod(shapes[-1]), classes)

    def initialise(self, seed: int) -> None:
        """He's weights before ReLUs, Glorot's (Xavier's) in the output layer, no biases.

        Nobody published with which weights chains started.
        """

        def weight(
            layer: nn.Conv2d | nn.Linear, shape: tuple[int, ...], rng: np.random.Generator
        ) -> NDArray[np.float32]:
            return (xavier_uniform if layer is self.classifier else he_normal)(layer, shape, rng)

        initialise(self, seed, weight, zeros)

    def in_sequence(self) -> Sequence[nn.Module]:
        """Its layers, and the output layer."""
        return (*self.layers, self.flatten, self.classifier)

    def inherit(self, parent: Network) -> Inheritance:
        """Takes over the weights of the layers that it shares with another chain (see `inheritance.inherit`)."""
        return inheritance.inherit(self, parent) if isinstance(parent, ChainNetwork) else Inheritance()

    def forward(self, images: Tensor) -> Tensor:
        """Logits, shape (n, classes), of images, shape (n, channels, height, width)."""
        return self.classifier(self.flatten(self.layers(images)))


class ResidualBlock(nn.Module):
    """Two convolutions, added to what came, then a ReLU; a 1x1 convolution on the way around where shapes differ.

    Args:
        shape: of what comes: channels, height and width.
        layer: kernel, strides (of the first convolution), maps, and whether there are batch norms.
    """

    def __init__(self, shape: Shape, layer: Layer) -> None:
        super().__init__()
        kernel, stride = _kernel(layer), _stride(layer)
        channels, *size = shape
        out = _reduced(shape, layer)
        self.first = _convolution(layer, size, channels, kernel, stride, relu=True)
        self.second = _convolution(layer, out, layer.units, kernel, (1, 1), relu=False)
        around = shape != (layer.units, *out)
        self.around = _convolution(layer, size, channels, (1, 1), stride, relu=False) if around else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        """Feature maps, shape (n, maps, rounded-up height, width), of maps, shape (n, channels, height, width)."""
        return self.relu(self.second(self.first(images)) + self.around(images))


def _built(layer: Layer, shape: Shape) -> tuple[nn.Module, Shape]:
    """The module of a layer, and the shape of what goes out of it."""
    match layer.kind:
        case "conv":
            convolution = _convolution(layer, shape[1:], shape[0], _kernel(layer), _stride(layer), relu=True)
            return convolution, (layer.units, *_reduced(shape, layer))
        case "residual":
            return ResidualBlock(shape, layer), (layer.units, *_reduced(shape, layer))
        case "avgpool" | "maxpool":
            pool = SamePool2d(shape[1:], _kernel(layer), _stride(layer), layer.kind == "avgpool")
            return pool, (shape[0], *_reduced(shape, layer))
        case "dense":
            flatten = [nn.Flatten()] if len(shape) > 1 else []
            dense = nn.Linear(math.prod(shape), layer.units)
            return nn.Sequential(*flatten, dense, nn.ReLU(inplace=True)), (layer.units,)
    return nn.Dropout(layer.rate / 100), shape


def _convolution(
    layer: Layer, size: Sequence[int], channels: int, kernel: Pair, stride: Pair, relu: bool
) -> nn.Sequential:
    """A convolution, its batch norm unless the layer is plain, and a ReLU if there is to be one."""
    convolution = SameConv2d(size, channels, layer.units, kernel, stride)
    norm = [nn.BatchNorm2d(layer.units)] if layer.norm else []
    return nn.Sequential(convolution, *norm, *([nn.ReLU(inplace=True)] if relu else []))


def _kernel(layer: Layer) -> Pair:
    return layer.height, layer.width


def _stride(layer: Layer) -> Pair:
    return layer.stride_height, layer.stride_width


def _reduced(shape: Shape, layer: Layer) -> Pair:
    """Height and width behind a layer."""
    return -(-shape[1] // layer.stride_height), -(-shape[2] // layer.stride_width)
