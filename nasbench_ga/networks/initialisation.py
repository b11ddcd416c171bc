"""Weights of untrained networks, from a seed.

Every layer draws from a generator of its own, made of the seed and the layer's place in the network. So a layer that
two networks share starts alike in both: they differ by their architecture, not by their luck. The numbers are numpy's,
and do not depend on the device.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasbench_ga.networks.transfer import sent

Draw = Callable[[nn.Conv2d | nn.Linear, tuple[int, ...], np.random.Generator], NDArray[np.float32]]
"""Gives numbers for a layer's weight or bias, of the shape asked for."""


def initialise(network: nn.Module, seed: int, weight: Draw, bias: Draw) -> None:
    """Sets all weights of a network to those of a seed; batch norms start as the identity.

    A convolution in groups belongs to as many networks side by side, which all start alike.

    Args:
        network: of convolutions, batch norms and linear layers.
        seed: 0 or more.
        weight: the distribution of the weights of convolutions and linear layers.
        bias: that of their biases.
    """
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            networks = layer.groups if isinstance(layer, nn.Conv2d) else 1
            outputs, *inputs = layer.weight.shape
            _set(layer.weight, weight(layer, (outputs // networks, *inputs), rng))
            if layer.bias is not None:
                _set(layer.bias, bias(layer, (outputs // networks,), rng))
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()


def _set(parameter: Tensor, values: NDArray[np.float32]) -> None:
    """Copies values into a parameter, over and over if it is several times as large."""
    with torch.no_grad():
        parameter.view(-1, *values.shape).copy_(sent(torch.from_numpy(values), parameter.device))


def uniform(layer: nn.Conv2d | nn.Linear, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Uniform within 1 / sqrt(inputs of an output), as torch starts a layer."""
    bound = np.float32(layer.weight[0].numel() ** -0.5)
    return rng.random(shape, np.float32) * (2 * bound) - bound


def normal_by_outputs(
    layer: nn.Conv2d | nn.Linear, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Normal: of variance 2 / (kernel area x outputs) for a convolution, of deviation 0.01 for a linear layer."""
    deviation = 0.01 if isinstance(layer, nn.Linear) else (2 / (shape[0] * shape[2] * shape[3])) ** 0.5
    return rng.standard_normal(shape, np.float32) * np.float32(deviation)


def he_normal(
    layer: nn.Conv2d | nn.Linear,  # noqa: ARG001
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Normal, of variance 2 / inputs of an output, for layers before a ReLU (He et al., ICCV 2015, equation 10)."""
    return rng.standard_normal(shape, np.float32) * np.float32((2 / math.prod(shape[1:])) ** 0.5)


def xavier_uniform(
    layer: nn.Conv2d | nn.Linear,  # noqa: ARG001
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Uniform within sqrt(6 / (inputs + outputs)), each times the kernel area (Glorot & Bengio 2010, equation 16)."""
    outputs, inputs, *kernel = shape
    bound = np.float32((6 / ((outputs + inputs) * math.prod(kernel))) ** 0.5)
    return rng.random(shape, np.float32) * (2 * bound) - bound


def zeros(_layer: nn.Conv2d | nn.Linear, shape: tuple[int, ...], _rng: np.random.Generator) -> NDArray[np.float32]:
    """No bias to start with."""
    return np.zeros(shape, np.float32)


DISTRIBUTIONS: Mapping[str, Draw] = {"he": he_normal, "xavier": xavier_uniform}
"""Of the weights of any network, by name; biases are zero with them."""
