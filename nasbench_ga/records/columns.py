"""Rows as columns on disk: in parts while a study runs, as `evaluations.parquet` when it is finished."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.rows import Rows

_ROWS_PER_GROUP = 1 << 17
_OWN_COLUMNS = ("repeat", "step", "generation", "id", "genotype", "value", "seconds")

_DAMAGED = (pa.ArrowException, OSError, ValueError)
"""What reading a damaged file raises."""

Metrics = Callable[[NDArray[np.int64]], Mapping[str, NDArray[np.float64]]]
"""Gives, for cells of shape (n,), every number that is known of them."""


def rows_as_bytes(rows: Rows) -> bytes:
    """Rows as an Arrow file."""
    batch = pa.record_batch(_arrow_columns(rows))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as file:
        file.write_batch(batch)
    return bytes(sink.getvalue())


def read_part(path: Path, digest: str) -> Rows:
    """The rows of an Arrow file.

    Raises:
        CorruptFileError: the file does not have this SHA-256.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise CorruptFileError(f"{path} does not have the checksum it was written with.")
    return as_rows(pa.ipc.open_file(pa.BufferReader(content)).read_all())


def write_parquet(rows: Rows, metrics: Metrics, path: Path, progress: bool) -> None:
    """Writes rows, and every number that is known of their cells, with a checksum for every page."""
    writer = None
    try:
        starts = range(0, max(len(rows), 1), _ROWS_PER_GROUP)
        for start in tqdm(starts, "writing the record", delay=2, disable=not progress):
            part = rows.take(np.arange(start, min(start + _ROWS_PER_GROUP, len(rows))))
            known = {name: pa.array(values) for name, values in metrics(part.id).items()}
            table = pa.table({**_arrow_columns(part), **known})
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", write_page_checksum=True)
            writer.write_table(table, row_group_size=_ROWS_PER_GROUP)
    finally:
        if writer is not None:
            writer.close()


def read_parquet(path: Path) -> pa.Table:
    """What `write_parquet` wrote.

    Raises:
        CorruptFileError: the file is damaged; the rows that cannot be read are named.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
            table.validate(full=True)
    except _DAMAGED as error:
        raise CorruptFileError(f"{path} is damaged{_place_of_damage(path)} ({error}).") from error
    if missing := [name for name in _OWN_COLUMNS if name not in table.schema.names]:
        raise CorruptFileError(f"{path} is no record of evaluations: it has no column {missing[0]}.")
    return table


def _place_of_damage(path: Path) -> str:
    """The first column that cannot be read and its rows, in words; nothing if it is not the rows that are damaged."""
    start = 0
    with contextlib.suppress(*_DAMAGED), pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            for column in file.schema_arrow.names:
                try:
                    file.read_row_group(group, columns=[column]).validate(full=True)
                except _DAMAGED:
                    return f" in column {column}, rows {start:,} to {end - 1:,}"
            start = end
    return ""


def as_rows(table: pa.Table) -> Rows:
    """A table without the numbers that are known of its cells, which are the columns with a slash in their names."""
    columns = {name: _numpy(table[name]) for name in table.schema.names if "/" not in name}
    return Rows(**{name: columns.pop(name) for name in _OWN_COLUMNS}, extras=columns)


def _arrow_columns(rows: Rows) -> dict[str, pa.Array]:
    columns = {f.name: getattr(rows, f.name) for f in fields(rows) if f.name not in ("genotype", "extras")}
    genes = pa.array(np.ascontiguousarray(rows.genotype).reshape(-1))
    genotype = pa.FixedSizeListArray.from_arrays(genes, rows.genotype.shape[1])
    own = {**{name: pa.array(values) for name, values in columns.items()}, "genotype": genotype}
    return {
        **{name: own[name] for name in _OWN_COLUMNS},
        **{key: pa.array(v) for key, v in rows.extras.items()},
    }


def _numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        return np.asarray(array.flatten()).reshape(-1, array.type.list_size)
    return np.asarray(array)
