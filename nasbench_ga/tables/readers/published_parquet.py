"""Reads tables of published means: one parquet file a space, recognised by its columns.

nb101: `hash`, `vertices`, `adjacency` (bit r + c(c-1)/2 is the edge r -> c), `operations` (base-3 digit i is
vertex i + 1's), `parameters`, `test_correct` (the mean of three CIFAR-10 test accuracies after 108 epochs, in
1/29952). nats-tss and nats-sss: `index`, `arch`, then `dataset/split/epochs` accuracies in per cent,
`dataset/train-seconds-per-epoch`, `dataset/latency-seconds`, `dataset/mega-flops` and `dataset/parameters`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import sha256
from nasbench_ga.spaces.nb101 import NB101
from nasbench_ga.tables.contents import Column, TableContents
from nasbench_ga.tables.readers.nats_results import SPACE_OF_SIZE, space_of

TEST_IMAGES = 29_952  # three repeats of 39 batches of 256
HALF_TRAINED = {"cifar10-valid": "cifar10"}
"""Trained on half of the other's images, so in half of its seconds an epoch."""

_NB101_COLUMNS = {"hash", "vertices", "adjacency", "operations", "parameters", "test_correct"}
_NATS_COLUMNS = {"index", "arch"}
_ACCURACY = re.compile(r"[\w-]+/(train|valid|test|x-valid|x-test|ori-test)/\d+")
_COST = re.compile(r"[\w-]+/(parameters|mega-flops|latency-seconds)")
_SECONDS = re.compile(r"([\w-]+)/train-seconds-per-epoch")


def read(path: Path) -> TableContents:
    """A table of published means.

    Columns: for nb101 `cifar10/test/108@mean` and `cifar10/parameters`; for the others the file's accuracies
    with `@mean`, `{dataset}/train-seconds/{epochs}@mean` for the epochs the table knows, and the costs as
    they are.

    Args:
        path: a parquet file of one of the layouts above.

    Raises:
        CorruptFileError: it is no parquet file, or its rows are not the cells of the space in the space's
        order.
        NasbenchError: a parquet file of another layout.
    """
    table = _load(path)
    provenance = {"source": path.name, "reader": "published_parquet", "sha256": sha256(path)}
    if table.keys() >= _NB101_COLUMNS:
        return _nb101(table, path, provenance)
    if table.keys() >= _NATS_COLUMNS and len(table["arch"]) in SPACE_OF_SIZE:
        return _nats(table, path, provenance)
    raise NasbenchError(
        f"{path}: expected the columns {sorted(_NB101_COLUMNS)}, or {sorted(_NATS_COLUMNS)} with "
        f"{' or '.join(f'{size:,}' for size in SPACE_OF_SIZE)} rows; got "
        f"{len(next(iter(table.values()), ())):,} rows of {sorted(table)}."
    )


def _load(path: Path) -> dict[str, NDArray[Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        return {name: table[name].to_numpy() for name in table.column_names}
    except (pyarrow.ArrowException, OSError) as error:
        raise CorruptFileError(f"{path} cannot be read as parquet: {error}") from error


def _nb101(table: Mapping[str, NDArray[Any]], path: Path, provenance: dict[str, str]) -> TableContents:
    space = NB101()
    rows = len(table["hash"])
    if rows != space.size:
        raise CorruptFileError(f"{path}: expected {space.size:,} rows, one for each cell, got {rows:,}.")
    hashes = np.array(table["hash"].tolist(), "S16").view(np.uint8).reshape(-1, 16)
    falls = np.flatnonzero(_falls(hashes))
    if len(falls):
        raise CorruptFileError(f"{path}: expected hashes in ascending order, but row {falls[0] + 1}'s is not.")
    try:
        identified = space.identify(_nb101_genotypes(table))
    except ValueError as error:
        raise CorruptFileError(f"{path}: a row is no cell of nb101: {error}") from error
    misplaced = np.flatnonzero(identified != np.arange(rows))
    if len(misplaced):
        at = misplaced[0]
        raise CorruptFileError(f"{path}: expected row {at} to be cell {at}, got cell {identified[at]}.")
    correct = table["test_correct"].astype(np.float64)
    if not (correct <= TEST_IMAGES).all() or not (table["parameters"] > 0).all():
        raise CorruptFileError(f"{path}: expected test_correct up to {TEST_IMAGES} and positive parameters.")
    columns = {
        "cifar10/test/108@mean": Column(correct / TEST_IMAGES, scale=100.0),
        "cifar10/parameters": Column(table["parameters"].astype(np.int64)),
    }
    notes = (
        (
            "This table holds the mean test accuracy of three trainings of 108 epochs and nothing else: no "
            "validation accuracy, no validation or training times, no single repeats, no other epochs. The "
            "official file has them."
        ),
    )
    return TableContents(space.name, columns, provenance, notes)


def _falls(hashes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where row i + 1's hash is not above row i's; the hashes as bytes, shape (n, 16)."""
    words = np.ascontiguousarray(hashes).view(">u8")
    high, low = words[:, 0], words[:, 1]
    above: NDArray[np.bool_] = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    return ~above


def _nb101_genotypes(table: Mapping[str, NDArray[Any]]) -> NDArray[np.int8]:
    """Genotypes of the packed cells, the output moved to vertex 6; shape (n, 26)."""
    vertices, adjacency, operations = (table[name].astype(np.int64) for name in ("vertices", "adjacency", "operations"))
    matrices = np.zeros((len(vertices), 7, 7), np.int8)
    for column in range(1, 7):
        target = np.where(vertices == column + 1, 6, column)
        for above in range(column):
            matrices[np.arange(len(vertices)), above, target] |= (
                adjacency >> (above + column * (column - 1) // 2) & (column < vertices)
            ).astype(np.int8)
    edges = matrices[:, *np.triu_indices(7, k=1)]
    digits = operations[:, None] // 3 ** np.arange(5) % 3
    return np.hstack((edges, digits)).astype(np.int8)


def _nats(table: Mapping[str, NDArray[Any]], path: Path, provenance: dict[str, str]) -> TableContents:
    space = space_of(table["arch"].tolist(), str(path))
    if not np.array_equal(table["index"], np.arange(len(table["index"]))):
        raise CorruptFileError(f"{path}: expected the indices 0, 1, 2 and so on.")
    columns: dict[str, Column] = {}
    for name, values in table.items():
        if _ACCURACY.fullmatch(name):
            columns[f"{name}@mean"] = Column(_in_range(name, values, 100.001, path))
        elif _COST.fullmatch(name):
            columns[name] = Column(_in_range(name, values, np.inf, path))
    columns |= _train_seconds(table, path)
    notes = [
        "Accuracies are means over the published seeds; seconds, FLOPs and latency are published averages.",
        "Validation times are not in this table, so what a search that validates costs cannot be told.",
    ]
    if not any("/train-seconds/" in name for name in columns):
        notes.append("Training times are not in this table either.")
    return TableContents(space, dict(sorted(columns.items())), provenance, tuple(notes))


def _train_seconds(table: Mapping[str, NDArray[Any]], path: Path) -> dict[str, Column]:
    """Epochs x published seconds an epoch, for every data set and number of epochs that the table has."""
    epochs = sorted({int(name.split("/")[2]) for name in table if _ACCURACY.fullmatch(name)})
    seconds = {}
    for name, values in table.items():
        if matched := _SECONDS.fullmatch(name):
            seconds[matched[1]] = _in_range(name, values, np.inf, path)
    datasets = {name.split("/")[0] for name in table if "/" in name}
    for half, whole in HALF_TRAINED.items():
        if half in datasets and whole in seconds and half not in seconds:
            seconds[half] = seconds[whole] / 2
    return {
        f"{dataset}/train-seconds/{length}@mean": Column(length * values)
        for dataset, values in seconds.items()
        for length in epochs
    }


def _in_range(name: str, values: NDArray[Any], most: float, path: Path) -> NDArray[Any]:
    """The values if they are numbers from 0 to `most` or NaN, for which nothing was published."""
    if values.dtype.kind not in "iuf" or (values < 0).any() or (values > most).any():
        raise CorruptFileError(f"{path}: expected numbers from 0 to {most:g} in the column {name}.")
    return values
