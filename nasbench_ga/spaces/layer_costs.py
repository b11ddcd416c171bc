"""What the networks of layer chains cost: exact numbers of parameters and of multiplications, without building any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.base import Genotypes
from nasbench_ga.spaces.layers import KINDS, LOW_VALUES, in_slots

Numbers = NDArray[np.int64]
_CONV, _RESIDUAL, _DENSE = KINDS.index("conv"), KINDS.index("residual"), KINDS.index("dense")


@dataclass(frozen=True)
class Layout:
    """The layers of chains and the sizes of what goes in and out of them, each shape (n, layers) if nothing is said.

    Attributes:
        kind: index into `KINDS`.
        area: of kernel or window.
        units: feature maps or units; 0 where a layer has none.
        norm: 1 with batch norm.
        pixels: height times width of the feature maps that go out.
        maps_in: feature maps that come in.
        reshapes: whether strides change the height or width.
        inputs: of a dense layer, the numbers that come in.
        outputs: numbers that reach the output layer, shape (n,).
    """

    kind: Numbers
    area: Numbers
    units: Numbers
    norm: Numbers
    pixels: Numbers
    maps_in: Numbers
    reshapes: NDArray[np.bool_]
    inputs: Numbers
    outputs: Numbers


def lay_out(genotypes: Genotypes, image: tuple[int, int, int]) -> Layout:
    """The sizes of all layers.

    Args:
        genotypes: valid chains, shape (n, layers * genes of a layer).
        image: channels, height and width.
    """
    slots = in_slots(genotypes).astype(np.int64)
    kind, height, width, down, sideways, high, low, _, norm = np.moveaxis(slots, 2, 0)
    convolutions, dense = (kind == _CONV) | (kind == _RESIDUAL), kind == _DENSE
    units = np.where(convolutions | dense, LOW_VALUES * high + low + 1, 0)
    channels, *size = image
    heights, widths = (_sizes(side, strides) for side, strides in zip(size, (down, sideways), strict=True))
    maps = _latest(units, convolutions, np.full(len(slots), channels))
    pixels = heights * widths
    first_inputs = (maps * pixels)[:, -1]  # no kernel follows a dense layer
    flat = _latest(units, dense, first_inputs)
    reshapes = (heights[:, 1:] != heights[:, :-1]) | (widths[:, 1:] != widths[:, :-1])
    return Layout(
        kind,
        height * width,
        units,
        norm,
        pixels[:, 1:],
        maps[:, :-1],
        reshapes,
        flat[:, :-1],
        flat[:, -1],
    )


def _sizes(side: int, strides: Numbers) -> Numbers:
    """A side of the feature maps before each layer and behind the last: divided by the strides, rounded up."""
    n = len(strides)
    divisor = np.cumprod(np.hstack([np.ones((n, 1)), np.maximum(strides, 1)]), axis=1)  # floats cannot overflow
    return np.ceil(side / divisor).astype(np.int64)


def _latest(values: Numbers, valid: NDArray[np.bool_], first: Numbers) -> Numbers:
    """The last valid value before each layer and behind the last layer; `first` where there is none."""
    n, layers = values.shape
    places = np.hstack([np.zeros((n, 1), np.int64), np.where(valid, np.arange(1, layers + 1), 0)])
    return np.take_along_axis(np.hstack([first[:, None], values]), np.maximum.accumulate(places, axis=1), axis=1)


def count_parameters(layout: Layout, classes: int) -> Numbers:
    """Free parameters of each network, shape (n,): weights, biases, and scale and shift of batch norms.

    Every convolution has biases. A residual block has two convolutions and, where the shape of the maps changes, a 1x1
    convolution around them.
    """
    units, area = layout.units, layout.area
    beside_weights = units * (1 + 2 * layout.norm)
    convolution = area * layout.maps_in * units + beside_weights
    projection = np.where(_projects(layout), layout.maps_in * units + beside_weights, 0)
    residual = convolution + area * units * units + beside_weights + projection
    dense = (layout.inputs + 1) * units
    return _by_kind(layout, convolution, residual, dense) + (layout.outputs + 1) * classes


def count_multiply_adds(layout: Layout, classes: int) -> Numbers:
    """Multiplications of weights with inputs, each with an addition, of each network for one image; shape (n,)."""
    units, area, pixels = layout.units, layout.area, layout.pixels
    convolution = pixels * area * layout.maps_in * units
    projection = np.where(_projects(layout), pixels * layout.maps_in * units, 0)
    residual = convolution + pixels * area * units * units + projection
    return _by_kind(layout, convolution, residual, layout.inputs * units) + layout.outputs * classes


def _projects(layout: Layout) -> NDArray[np.bool_]:
    return layout.reshapes | (layout.maps_in != layout.units)


def _by_kind(layout: Layout, convolution: Numbers, residual: Numbers, dense: Numbers) -> Numbers:
    kinds = [layout.kind == kind for kind in (_CONV, _RESIDUAL, _DENSE)]
    return np.select(kinds, [convolution, residual, dense], 0).sum(1)
