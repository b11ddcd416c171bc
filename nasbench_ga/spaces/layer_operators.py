"""Operators on chains of layers as plain functions.

They know the layers behind the prefix. What they give is in order, not too long, and has its dense layers; whether it
has too many parameters, they do not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from nasbench_ga.spaces.layer_chain_settings import LayerChainSettings
from nasbench_ga.spaces.layer_drawing import (
    FLAT_SHARES,
    SPATIAL_SHARES,
    Layers,
    draw_layer,
    pick,
    pick_share,
    vary_layer,
)
from nasbench_ga.spaces.layers import SPATIAL, dense_layers, in_order

Operator = Callable[[Layers, np.random.Generator, LayerChainSettings, float], Layers | None]
"""From the layers of a chain behind its prefix to others; None where it cannot be applied."""


def insert(layers: Layers, rng: np.random.Generator, settings: LayerChainSettings, step: float) -> Layers | None:  # noqa: ARG001
    """Puts a random layer somewhere; its kind is one that can be there."""
    if len(layers) >= settings.free:
        return None
    place = int(rng.random() * (len(layers) + 1))
    before, after = layers[:place], layers[place:]
    shares = dict(FLAT_SHARES)
    if not settings.flat and not dense_layers(before):
        shares.update(SPATIAL_SHARES)
    if any(layer.kind in SPATIAL for layer in after):
        del shares["dense"]
    return (*before, draw_layer(pick_share(rng, shares), rng, settings), *after)


def delete(layers: Layers, rng: np.random.Generator, settings: LayerChainSettings, step: float) -> Layers | None:  # noqa: ARG001
    """Takes a layer out; the last layer of a chain stays, and so do dense layers that it has to have."""
    if len(layers) + len(settings.fixed) < 2:
        return None
    may_go_dense = dense_layers(layers) > settings.more_dense
    places = [place for place, layer in enumerate(layers) if layer.kind != "dense" or may_go_dense]
    if not places:
        return None
    place = pick(rng, places)
    return layers[:place] + layers[place + 1 :]


def modify(layers: Layers, rng: np.random.Generator, settings: LayerChainSettings, step: float) -> Layers | None:
    """Changes a number of a layer, by a step at most."""
    if not layers:
        return None
    place = int(rng.random() * len(layers))
    return (*layers[:place], vary_layer(layers[place], rng, settings, step), *layers[place + 1 :])


def switch(layers: Layers, rng: np.random.Generator, settings: LayerChainSettings, step: float) -> Layers | None:  # noqa: ARG001
    """Has two different layers change places."""
    pairs = [(i, j) for i, j in combinations(range(len(layers)), 2) if layers[i] != layers[j]]
    while pairs:
        i, j = pairs.pop(int(rng.random() * len(pairs)))
        changed = list(layers)
        changed[i], changed[j] = layers[j], layers[i]
        if in_order(changed):
            return tuple(changed)
    return None


OPERATORS: Mapping[str, Operator] = {"insert": insert, "delete": delete, "modify": modify, "switch": switch}


def cross(a: Layers, b: Layers, rng: np.random.Generator, points: int | None) -> Layers:
    """The layers of a child of two chains, which may not be in order and may be too many.

    It begins with the first layers of either, equally likely. Each parent is cut behind `points` different layers of
    its own, in fewer places if one of them has fewer layers, and the pieces alternate.

    Args:
        a: the layers of the first parent behind the prefix.
        b: those of the second.
        rng: source of randomness.
        points: cuts; None takes the layer in each place from either parent, where that has one.
    """
    if points is None:
        both = max(len(a), len(b))
        chosen = [(a if rng.random() < 0.5 else b)[place : place + 1] for place in range(both)]
        return tuple(layer for piece in chosen for layer in piece)
    if a == b:
        return a
    first, second = (a, b) if rng.random() < 0.5 else (b, a)
    cuts = min(points, len(a), len(b))
    pieces = zip(_pieces(first, cuts, rng), _pieces(second, cuts, rng), strict=True)
    return tuple(layer for number, pair in enumerate(pieces) for layer in pair[number % 2])


def _pieces(layers: Layers, cuts: int, rng: np.random.Generator) -> list[Layers]:
    places = sorted((1 + rng.permutation(len(layers))[:cuts]).tolist())
    return [layers[start:end] for start, end in zip([0, *places], [*places, len(layers)], strict=True)]
