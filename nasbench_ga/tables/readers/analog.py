"""Reads AnalogNAS-Bench: NAS-Bench-201's cells retrained on CIFAR-10 and run on simulated analog hardware.

The numbers are CIFAR-10 test accuracies in per cent, from a file in the package analog-nasbench. It is a
pickle of the package's own classes and is read without importing the package: the two classes are replaced by
inert records.

What they mean, from the paper and from `analognasbench/training_script.py` of IBM/analog-nas, as far as the
script that was published is the script that was run:
- `baseline`: 200 epochs of digital training. The test images were randomly cropped and flipped like training
  images, and each accuracy is the mean of 25 such evaluations (the numbers bear this out: all but a handful are
  multiples of 1/250,000), so it is below NAS-Bench-201's for the same cell.
- `ptq`: the same network after 8-bit post-training quantisation (calibrated on test images).
- `qat`: after 20 more epochs of quantisation-aware training (its learning rate was set by test accuracy).
- `noisy`: the digital weights put on simulated phase-change memory as they are.
- `analog`: after 200 more epochs of hardware-aware training.
- `baseline-drift-60s` and so on: `noisy`, this long after programming; `analog-drift-60s` and so on: `analog`;
  each the mean of 25 runs. `test-uncertainty` is the published +-, the runs' standard deviation.
There is one training a cell, hence no seeds.

Source: "AnalogNAS-Bench: A NAS Benchmark for Analog In-Memory Computing", arXiv 2506.18495.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import PlainUnpickler, load_plain_pickle, sha256
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.contents import Column, TableContents

PACKAGE = "analognasbench"
CONDITIONS = ("baseline", "ptq", "qat", "noisy", "analog")
DRIFTS = tuple(
    f"{model}-drift-{seconds}s" for model in ("baseline", "analog") for seconds in (60, 3600, 86400, 2592000)
)

_SPACE = "nats-tss"
_SLOT_OF = (0, 1, 3, 2, 4, 5)
"""Slot of the architecture string that each element of the published tuple describes (NASLib's order of "
"edges)."""
_GENE_OF = (1, 0, 3, 2, 4)
"""Our gene for each published digit: skip, none, 3x3 convolution, 1x1 convolution, pooling."""
_COPIED = ((0, 0, 0, 0, 0, 0), "analog-drift-60s", (0, 2, 3, 3, 2, 3))
"""A cell that was published with another cell's number."""


class _Architecture:
    """Stands in for `analognasbench.data.Architecture`: attributes only."""


class _DriftMeasurement:
    """Stands in for `analognasbench.data.DriftMeasurement`: attributes only."""


class _AnalogUnpickler(PlainUnpickler):
    """Admits the two classes of the package, as inert records."""

    _RECORDS: ClassVar = {
        (f"{PACKAGE}.data", "Architecture"): _Architecture,
        (f"{PACKAGE}.data", "DriftMeasurement"): _DriftMeasurement,
    }

    def find_class(self, module: str, name: str) -> Any:
        return self._RECORDS.get((module, name)) or super().find_class(module, name)


def read(path: Path) -> TableContents:
    """All accuracies of AnalogNAS-Bench, in rows of the nats-tss space.

    Columns: `cifar10/test/{condition}` for `CONDITIONS` and `DRIFTS`, and `cifar10/test-uncertainty/{drift}`
    for `DRIFTS`, in per cent and percentage points.

    Args:
        path: `data.anb` of the package analog-nasbench, which need not be imported for it.

    Raises:
        CorruptFileError: the file is damaged, holds other objects, or names a cell that is not of the space.
    """
    records = load_plain_pickle(path.read_bytes(), str(path), _AnalogUnpickler)
    try:
        rows = _rows(records)
        columns = _columns(list(records.values()), rows)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise CorruptFileError(
            f"{path} is not AnalogNAS-Bench's table: {error!r}. Install it again: pip install "
            "--force-reinstall analog-nasbench"
        ) from error
    provenance = {"source": path.name, "reader": "analog", "sha256": sha256(path), "cells": str(len(rows))}
    return TableContents(_SPACE, columns, provenance, _notes(columns, records))


def _rows(records: Mapping[tuple[int, ...], _Architecture]) -> NDArray[np.int64]:
    if any(tuple(record.__dict__["architecture"]) != cell for cell, record in records.items()):
        raise ValueError("a record is filed under another cell")
    published = np.array(list(records))
    if published.ndim != 2 or published.shape[1] != 6 or published.min() < 0:
        raise ValueError(f"expected cells of six digits, got shape {published.shape}")
    genotypes = np.empty(published.shape, np.int8)
    genotypes[:, _SLOT_OF] = np.array(_GENE_OF, np.int8)[published]
    return get_space(_SPACE).identify(genotypes)


def _columns(records: list[_Architecture], rows: NDArray[np.int64]) -> dict[str, Column]:
    size = get_space(_SPACE).size
    columns = {}
    for condition in CONDITIONS:
        values = [_accuracy(record.__dict__[f"{condition}_accuracy"]) for record in records]
        columns[f"cifar10/test/{condition}"] = Column(_scattered(values, rows, size))
    for drift in DRIFTS:
        attribute = drift.removesuffix("s").replace("-", "_")
        pairs = [_drift(record.__dict__[attribute]) for record in records]
        columns[f"cifar10/test/{drift}"] = Column(_scattered([value for value, _ in pairs], rows, size))
        columns[f"cifar10/test-uncertainty/{drift}"] = Column(_scattered([spread for _, spread in pairs], rows, size))
    return columns


def _scattered(values: list[float], rows: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    column = np.full(size, np.nan)
    column[rows] = values
    return column


def _accuracy(value: Any) -> float:
    """The accuracy in per cent; NaN for what is no number, which the package lets pass."""
    if type(value) not in (int, float) or math.isnan(value):
        return math.nan
    if not 0 <= value <= 100:
        raise ValueError(f"expected an accuracy from 0 to 100, got {value}")
    return float(value)


def _drift(measurement: _DriftMeasurement) -> tuple[float, float]:
    """Value and uncertainty; NaN for 0 +- 0, which was published where the source could not be parsed."""
    value, uncertainty = (_accuracy(measurement.__dict__[name]) for name in ("value", "uncertainty"))
    return (math.nan, math.nan) if value == uncertainty == 0 else (value, uncertainty)


def _notes(columns: Mapping[str, Column], records: Mapping[tuple[int, ...], _Architecture]) -> tuple[str, ...]:
    notes = [
        (
            "Test images were randomly cropped and flipped and each accuracy averages 25 evaluations, so a "
            "baseline is not comparable with a NAS-Bench-201 test accuracy. There is one training a cell."
        ),
    ]
    missing = sum(int(np.isnan(column.values).sum()) for column in columns.values())
    if missing:
        notes.append(f"{missing:,} numbers are missing or could not be parsed by the publishers, and are NaN.")
    cell, drift, twin = _COPIED
    if {cell, twin} <= records.keys() and _published(records[cell], drift) == _published(records[twin], drift):
        genotype = np.empty(6, np.int8)
        genotype[list(_SLOT_OF)] = np.array(_GENE_OF, np.int8)[list(cell)]
        row = get_space(_SPACE).identify(genotype[None])[0]
        notes.append(
            f"cifar10/test/{drift} of row {row}, the cell of six skip connections, is as published and "
            "surely wrong: it equals another cell's to the last digit and is far above the same cell's other "
            "accuracies."
        )
    return tuple(notes)


def _published(record: _Architecture, drift: str) -> tuple[float, float]:
    return _drift(record.__dict__[drift.removesuffix("s").replace("-", "_")])
