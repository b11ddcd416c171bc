"""Chains of layers as zeros and ones, and as graphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.base import Genotypes
from nasbench_ga.spaces.graphs import FIRST_OPERATION, INPUT_VERTEX, NO_VERTEX, OUTPUT_VERTEX, Graphs
from nasbench_ga.spaces.layers import CARDINALITIES, GENES, KINDS, LARGEST_RATE, LOW_VALUES, MOST_UNITS, in_slots

_KINDS = len(KINDS) - 1
_STRIDE_BITS = 5  # images are mostly of 28 or 32 pixels
_UNITS_BITS, _RATE_BITS = (MOST_UNITS - 1).bit_length(), LARGEST_RATE.bit_length()
_KIND, _HEIGHT, _WIDTH, _DOWN, _SIDEWAYS, _HIGH, _LOW, _RATE, _NORM = range(len(GENES))
_WIDE = np.isin(KINDS, ["conv", "residual", "dense"])


def chain_features(genotypes: Genotypes, largest_side: int) -> NDArray[np.float32]:
    """Zeros and ones of each slot and of the whole chain, shape (n, f).

    Of a slot: its kind, one-hot; of each side v, the first v - 1 of largest_side - 1 bits; the width less one and the
    rate in binary digits, the highest first; of the width also as many of 11 bits as it has octaves; whether there is
    batch norm. Of the chain: of each kind as many of `layers` bits as there are such layers, and as many of 5 bits as
    its strides down, then sideways, have octaves together.

    Args:
        genotypes: valid chains.
        largest_side: of a kernel, window or stride.
    """
    slots = in_slots(genotypes).astype(np.int64)
    n, layers, _ = slots.shape
    kinds = slots[..., :1] == np.arange(1, _KINDS + 1)
    sides = [_thermometer(slots[..., gene], range(2, largest_side + 1)) for gene in (_HEIGHT, _WIDTH, _DOWN, _SIDEWAYS)]
    below = LOW_VALUES * slots[..., _HIGH] + slots[..., _LOW]
    octaves = _thermometer(np.where(_WIDE[slots[..., _KIND]], below + 1, 0), [2**k for k in range(1, _UNITS_BITS + 1)])
    rate, norm = _digits(slots[..., _RATE], _RATE_BITS), slots[..., _NORM, None] > 0
    of_slots = np.concatenate([kinds, *sides, _digits(below, _UNITS_BITS), octaves, rate, norm], axis=2)
    counts = _thermometer(kinds.sum(1), range(1, layers + 1))
    strides = np.maximum(slots[..., [_DOWN, _SIDEWAYS]], 1).prod(1, dtype=np.float64)  # floats cannot overflow
    of_chain = [counts, _thermometer(strides, [2**k for k in range(1, _STRIDE_BITS + 1)])]
    parts = [of_slots, *of_chain]
    return np.hstack([part.reshape(n, part.shape[1] * part.shape[2]) for part in parts], dtype=np.float32)


def _thermometer(numbers: NDArray[np.generic], marks: Sequence[int]) -> NDArray[np.bool_]:
    """Which of some marks each number has reached, along a last axis of its own."""
    return numbers[..., None] >= np.array(marks)


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
