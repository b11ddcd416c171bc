"""Layers and chains at random, and changes to them: mostly such as make small sensible networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from nasbench_ga.spaces.layer_chain_settings import LayerChainSettings
from nasbench_ga.spaces.layers import CONVOLUTIONS, LARGEST_RATE, Layer

Layers = tuple[Layer, ...]
T = TypeVar("T")

SPATIAL_SHARES = {"conv": 0.5, "maxpool": 0.25, "avgpool": 0.1, "residual": 0.15}
FLAT_SHARES = {"dense": 0.7, "dropout": 0.3}
"""How often each kind is drawn, in proportion."""
MEAN_LAYERS = 5
_DENSE, _DROPOUT = 0.4, 0.25  # chances that a chain has one more dense layer than it needs, and dropout
_MAPS, _UNITS = (4, 64), (16, 256)  # usual widths
_STRIDES, _RATES = (1, 3), (10, 60)
_KERNELS, _WINDOWS = (3, 3, 3, 5, 5, 1, 2, 4, 7), (2, 2, 2, 3)
_SQUARE, _STRIDED, _OVERLAPPING = 0.85, 0.2, 0.15
_MOST_STEPS = 10  # beyond, every width is within reach
_NARROWER = 0.7
"""What another try to draw a small chain takes of the usual widths."""


def draw_chain(rng: np.random.Generator, settings: LayerChainSettings, tries: int = 0) -> Layers:
    """The layers behind the prefix of a random chain: kernels first, then dense layers.

    Args:
        rng: source of randomness.
        settings: of the space.
        tries: that were too large; the more, the narrower are the layers and the more there are of pooling.
    """
    wanted = 1 + int(rng.poisson(MEAN_LAYERS - 1)) - len(settings.fixed)
    free = min(max(wanted, settings.more_dense, not settings.fixed), settings.free)
    dense = min(free, settings.more_dense + (rng.random() < _DENSE * _NARROWER**tries))
    shares = FLAT_SHARES if settings.flat else _shares(tries)
    kinds = [pick_share(rng, shares) for _ in range(free - dense)] + ["dense"] * dense
    if free - dense and rng.random() < _DROPOUT:
        kinds.pop(0)
        kinds.insert(int(rng.random() * free), "dropout")
    return tuple(draw_layer(kind, rng, settings, tries) for kind in kinds)


def _shares(tries: int) -> dict[str, float]:
    return {kind: share * (1 if "pool" in kind else _NARROWER**tries) for kind, share in SPATIAL_SHARES.items()}


def draw_layer(kind: str, rng: np.random.Generator, settings: LayerChainSettings, tries: int = 0) -> Layer:
    """A random layer of a kind; the more tries, the narrower it is."""
    if kind == "dropout":
        return Layer(kind, rate=5 * round(rng.uniform(*_RATES) / 5))
    if kind == "dense":
        return Layer(kind, units=_draw_width(rng, _UNITS, settings, tries))
    height, width = _draw_sides(rng, _KERNELS if kind in CONVOLUTIONS else _WINDOWS, settings)
    if kind not in CONVOLUTIONS:
        strides = (1, 1) if rng.random() < _OVERLAPPING * _NARROWER**tries else (height, width)
        return Layer(kind, height, width, *strides)
    strided = min(2, settings.max_kernel) if rng.random() < 1 - (1 - _STRIDED) * _NARROWER**tries else 1
    maps = _draw_width(rng, _MAPS, settings, tries)
    return Layer(kind, height, width, strided, strided, maps, norm=settings.batch_norm)


def _draw_sides(rng: np.random.Generator, usual: Sequence[int], settings: LayerChainSettings) -> tuple[int, int]:
    height = min(pick(rng, usual), settings.max_kernel)
    square = rng.random() < _SQUARE
    return height, height if square else min(pick(rng, usual), settings.max_kernel)


def _draw_width(rng: np.random.Generator, usual: tuple[int, int], settings: LayerChainSettings, tries: int) -> int:
    """A width from a usual range, each factor being equally likely."""
    least, most = np.log(usual)
    width = round(math.exp(rng.uniform(least, most)) * _NARROWER**tries)
    return min(max(width, 1), settings.max_width)


def vary_layer(layer: Layer, rng: np.random.Generator, settings: LayerChainSettings, step: float) -> Layer:
    """Changes the kernel, the strides, the width or the rate of a layer; never nothing where anything can change.

    Numbers move by up to `step` times their usual range, and at least by one; widths by a factor.
    """
    if layer.kind == "dropout":
        return replace(layer, rate=_moved(layer.rate, step * (_RATES[1] - _RATES[0]), LARGEST_RATE, rng))
    if layer.kind == "dense":
        return replace(layer, units=_scaled(layer.units, step, _UNITS, settings.max_width, rng))
    wide = layer.kind in CONVOLUTIONS
    number = pick(rng, ("side", "stride", "units")[: 2 + wide])
    if number == "units":
        return replace(layer, units=_scaled(layer.units, step, _MAPS, settings.max_width, rng))
    if number == "side":
        return _vary_sides(layer, rng, ("height", "width"), step * (settings.max_kernel - 1), settings.max_kernel)
    most = min(settings.max_kernel, _STRIDES[1])
    return _vary_sides(layer, rng, ("stride_height", "stride_width"), step * (_STRIDES[1] - _STRIDES[0]), most)


def _vary_sides(layer: Layer, rng: np.random.Generator, names: tuple[str, str], reach: float, most: int) -> Layer:
    """Changes one of two sides, or both."""
    chosen = pick(rng, (names[:1], names[1:], names))
    changes: dict[str, Any] = {name: _moved(getattr(layer, name), reach, most, rng) for name in chosen}
    return replace(layer, **changes)


def _moved(value: int, reach: float, most: int, rng: np.random.Generator) -> int:
    """Another number of 1 to `most`, at most `reach` away, or 1 if that is less; the same if there is none."""
    whole = max(1, round(reach))
    near = [other for other in range(max(value - whole, 1), min(value + whole, most) + 1) if other != value]
    return pick(rng, near) if near else min(value, most)


def _scaled(width: int, step: float, usual: tuple[int, int], most: int, rng: np.random.Generator) -> int:
    """Another width, at most so many times as large or small as the usual range is wide, to the power of `step`."""
    factor = math.exp(rng.uniform(-1, 1) * min(step, _MOST_STEPS) * math.log(usual[1] / usual[0]))
    scaled = min(max(round(width * factor), 1), most)
    return scaled if scaled != width else _moved(width, 1, most, rng)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of some options, equally likely (much faster than `rng.choice`)."""
    return options[int(rng.random() * len(options))]


def pick_share(rng: np.random.Generator, shares: dict[str, float]) -> str:
    """One of some names, as likely as their shares."""
    left = rng.random() * sum(shares.values())
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return name
