"""What is wrong with genes that are no chain of layers, or not one of a space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.base import Genotypes
from nasbench_ga.spaces.layer_chain_settings import LayerChainSettings
from nasbench_ga.spaces.layers import GENES, KINDS, LOW_VALUES, SPATIAL, in_slots, to_genes

_DENSE = KINDS.index("dense")
_SPATIAL = np.isin(KINDS, list(SPATIAL))
_WIDE = np.isin(KINDS, ["conv", "residual", "dense"])
_SIDES, _HIGH, _LOW, _RATE, _NORM = slice(1, 5), *(GENES.index(name) for name in ("high", "low", "rate", "norm"))
_NEEDED = np.zeros((len(KINDS), len(GENES)), bool)
_NEEDED[:, 0], _NEEDED[_SPATIAL, _SIDES], _NEEDED[KINDS.index("dropout"), _RATE] = True, True, True
_POSSIBLE = _NEEDED.copy()
_POSSIBLE[_WIDE, _HIGH] = _POSSIBLE[_WIDE, _LOW] = True
_POSSIBLE[np.isin(KINDS, ["conv", "residual"]), _NORM] = True
_NEEDED[0] = False
_POSSIBLE[0] = False


def find_faults(
    genotypes: Genotypes,
    settings: LayerChainSettings,
    parameters: NDArray[np.int64],
    multiply_adds: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The number of the first reason (see `reasons`) that each genotype is no chain of a space; 0 if it is one.

    Args:
        genotypes: in range, shape (n, layers * genes of a layer).
        settings: of the space.
        parameters: of the networks, shape (n,), whatever it is for what is no chain.
        multiply_adds: likewise.

    Returns:
        Shape (n,).
    """
    slots = in_slots(genotypes)
    kind = slots[..., 0]
    used, dense = kind > 0, kind == _DENSE
    present = slots != 0
    prefix = np.frombuffer(b"".join(map(to_genes, settings.fixed)), np.int8)
    width = LOW_VALUES * slots[..., _HIGH].astype(int) + slots[..., _LOW] + 1
    limits = [settings.max_parameters, settings.max_multiply_adds]
    most, most_multiplied = (np.inf if limit is None else limit for limit in limits)
    faults = [
        ~used[:, 0],
        (used[:, 1:] & ~used[:, :-1]).any(1),
        ((_NEEDED[kind] & ~present) | (present & ~_POSSIBLE[kind])).any((1, 2)),
        (_SPATIAL[kind] & (dense.cumsum(1) > 0)).any(1),
        (genotypes[:, : len(prefix)] != prefix).any(1),
        dense.sum(1) < settings.dense,
        (slots[..., _SIDES] > settings.max_kernel).any((1, 2)),
        (_WIDE[kind] & (width > settings.max_width)).any(1),
        parameters > most,
        multiply_adds > most_multiplied,
    ]
    found = np.stack(faults)
    return np.where(found.any(0), found.argmax(0) + 1, 0)


def reasons(settings: LayerChainSettings) -> tuple[str, ...]:
    """In words, for what the faults of these numbers are, from 1 on."""
    return (
        "it has no layer",
        "its empty slots are not behind its layers",
        "a layer lacks a number, or a gene is not 0 that its kind has no use for",
        "a kernel or window comes after a dense layer",
        f"it does not begin with {settings.prefix} (layer_chain.prefix)",
        f"it has fewer than {settings.dense} dense layers (layer_chain.dense)",
        f"a kernel, window or stride is above {settings.max_kernel} (layer_chain.max_kernel)",
        f"a layer is wider than {settings.max_width:,} (layer_chain.max_width)",
        f"it has more than {settings.max_parameters or 0:,} parameters (layer_chain.max_parameters)",
        f"it has more than {settings.max_multiply_adds or 0:,} multiplications (layer_chain.max_multiply_adds)",
    )
