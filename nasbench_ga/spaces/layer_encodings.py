"""Chains of layers as zeros and ones, and as graphs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.base import Genotypes
from nasbench_ga.spaces.graphs import FIRST_OPERATION, INPUT_VERTEX, NO_VERTEX, OUTPUT_VERTEX, Graphs
from nasbench_ga.spaces.layers import CARDINALITIES, GENES, KINDS, LARGEST_RATE, LOW_VALUES, MOST_UNITS, in_slots

_KINDS = len(KINDS) - 1
_UNITS_BITS, _RATE_BITS = (MOST_UNITS - 1).bit_length(), LARGEST_RATE.bit_length()
_KIND, _HEIGHT, _WIDTH, _DOWN, _SIDEWAYS, _HIGH, _LOW, _RATE, _NORM = range(len(GENES))
_WIDE = np.isin(KINDS, ["conv", "residual", "dense"])


def chain_features(genotypes: Genotypes, largest_side: int) -> NDArray[np.float32]:
    """Zeros and ones, slot by slot: kind, sides, width, rate and batch norm; shape (n, layers * features of one).

    The kind is one-hot; a side v sets its first v - 1 of largest_side - 1 bits; width (less one) and rate are in binary
    digits, the highest first.

    Args:
        genotypes: valid chains.
        largest_side: of a kernel, window or stride.
    """
    slots = in_slots(genotypes).astype(np.int64)
    kinds = slots[..., :1] == np.arange(1, _KINDS + 1)
    sides = [slots[..., gene, None] > np.arange(1, largest_side) for gene in (_HEIGHT, _WIDTH, _DOWN, _SIDEWAYS)]
    units = _digits(LOW_VALUES * slots[..., _HIGH] + slots[..., _LOW], _UNITS_BITS)
    parts = [kinds, *sides, units, _digits(slots[..., _RATE], _RATE_BITS), slots[..., _NORM, None] > 0]
    features = np.concatenate(parts, axis=2, dtype=np.float32)
    return features.reshape(len(genotypes), slots.shape[1] * features.shape[2])


def _digits(numbers: NDArray[np.int64], bits: int) -> NDArray[np.bool_]:
    return numbers[..., None] >> np.arange(bits)[::-1] & 1 > 0


def chain_graphs(genotypes: Genotypes, largest_side: int) -> Graphs:
    """A chain from input to output with up to five vertices for each layer.

    They are its kind (with or without batch norm), its kernel or window, its strides, and two digits of its width, or
    the rate of dropout; each value of each is a label of its own.

    Args:
        genotypes: valid chains.
        largest_side: of a kernel, window or stride.
    """
    n = len(genotypes)
    slots = in_slots(genotypes).astype(np.int64)
    sides = largest_side + 1
    wide = _WIDE[slots[..., _KIND]]
    values = [  # of each vertex that a layer may have: its value, how many there may be, and whether it has it
        (slots[..., _KIND] * 2 + slots[..., _NORM], 2 * len(KINDS), slots[..., _KIND] > 0),
        (slots[..., _HEIGHT] * sides + slots[..., _WIDTH], sides**2, slots[..., _HEIGHT] > 0),
        (slots[..., _DOWN] * sides + slots[..., _SIDEWAYS], sides**2, slots[..., _DOWN] > 0),
        (slots[..., _HIGH], CARDINALITIES[_HIGH], wide),
        (slots[..., _LOW], CARDINALITIES[_LOW], wide),
        (slots[..., _RATE], CARDINALITIES[_RATE], slots[..., _RATE] > 0),
    ]
    starts = FIRST_OPERATION + np.cumsum([0, *(many for _, many, _ in values)])
    labels = np.stack([value + start for (value, _, _), start in zip(values, starts, strict=False)], axis=2)
    has = np.stack([own for _, _, own in values], axis=2)
    layers = slots.shape[1]
    inner = np.where(has, labels, NO_VERTEX).reshape(n, len(values) * layers)
    order = np.argsort(inner == NO_VERTEX, axis=1, kind="stable")[:, : 5 * layers]  # no layer has all six
    inner = np.take_along_axis(inner, order, axis=1)
    vertices = np.full((n, inner.shape[1] + 2), NO_VERTEX, np.int16)
    vertices[:, 0], vertices[:, 1:-1] = INPUT_VERTEX, inner
    used = (inner != NO_VERTEX).sum(1)
    vertices[np.arange(n), used + 1] = OUTPUT_VERTEX
    chain = np.eye(vertices.shape[1], k=1, dtype=bool)
    present = vertices != NO_VERTEX
    return Graphs(vertices, chain & present[:, None, :] & present[:, :, None], int(starts[-1]))
