"""The compact table file: one Arrow IPC record batch, memory-mapped, with provenance and checksums in its schema."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import atomic_path
from nasbench_ga.tables.contents import Column, TableContents

FORMAT = 2
SUFFIX = ".arrow"
_KEY, _DIGEST_KEY = b"nasbench_ga", b"nasbench_ga sha256"
_DAMAGED = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError)
"""What reading a damaged Arrow file can raise."""


@dataclass(frozen=True)
class StoredColumn:
    """A column as it lies in the file: read when asked for, and checked the first time."""

    name: str
    data: NDArray[Any]
    scale: float
    crc32: int
    path: Path | None = None

    def values(self) -> NDArray[np.float64]:
        """The column's numbers, float64, shape (rows,).

        Raises:
            CorruptFileError: the bytes do not have the checksum they were written with.
        """
        if zlib.crc32(self.data.data) != self.crc32:
            raise CorruptFileError(
                f"Column {self.name!r} of {self.path or 'the table'} does not have the checksum it was written with; "
                "delete that file and convert the table again (a copy in data/compact/ is made again by itself)."
            )
        return self.data * np.float64(self.scale)


@dataclass(frozen=True)
class StoredTable:
    """What a compact table file says.

    Attributes:
        space: registered name of the space.
        columns: by metric, with its seed where it has one.
        provenance: where the numbers came from.
        notes: what a user has to know, one sentence each.
        fingerprint: SHA-256 over names, scales and numbers; equal for tables that hold the same.
    """

    space: str
    columns: dict[str, StoredColumn]
    provenance: dict[str, str]
    notes: tuple[str, ...]
    fingerprint: str


def store(contents: TableContents) -> StoredTable:
    """Narrows the columns without loss and computes their checksums."""
    columns = {}
    for name, column in sorted(contents.columns.items()):
        data = narrowed(column)
        columns[name] = StoredColumn(name, data, column.scale, zlib.crc32(data.data))
    return StoredTable(
        contents.space, columns, contents.provenance, contents.notes, _fingerprint(contents.space, columns)
    )


def narrowed(column: Column) -> NDArray[Any]:
    """The values in the smallest of int32, int64, float32, float64 that holds every one exactly."""
    values = np.asarray(column.values)
    candidates: tuple[type[np.generic], ...] = (np.float32, np.float64)
    if values.dtype.kind in "iu":
        candidates = (np.int32, np.int64)
    for dtype in candidates:
        with np.errstate(over="ignore"):
            narrow = values.astype(dtype)
        if np.array_equal(narrow, values, equal_nan=values.dtype.kind == "f"):
            return np.ascontiguousarray(narrow)
    raise AssertionError(f"{values.dtype} is neither integer nor float")


def _fingerprint(space: str, columns: dict[str, StoredColumn]) -> str:
    digest = hashlib.sha256(space.encode())
    for name, column in columns.items():
        digest.update(f"\0{name}\0{column.scale!r}\0{column.data.dtype}\0".encode())
        digest.update(column.data.data)
    return digest.hexdigest()


def write(stored: StoredTable, path: Path) -> None:
    """Writes a compact table file, whole or not at all.

    Raises:
        NasbenchError: the folder cannot be written, or the disk is full.
    """
    header = {
        "format": FORMAT,
        "space": stored.space,
        "provenance": stored.provenance,
        "notes": stored.notes,
        "fingerprint": stored.fingerprint,
        "columns": {name: {"scale": column.scale, "crc32": column.crc32} for name, column in stored.columns.items()},
    }
    arrays = {name: pa.array(column.data) for name, column in stored.columns.items()}
    fields = [pa.field(name, array.type, nullable=False) for name, array in arrays.items()]
    content = json.dumps(header, sort_keys=True).encode()
    schema = pa.schema(fields, metadata={_KEY: content, _DIGEST_KEY: hashlib.sha256(content).hexdigest()})
    batch = pa.record_batch(list(arrays.values()), schema=schema)
    with (
        atomic_path(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema) as file,
    ):
        file.write_batch(batch)


def read(path: Path) -> StoredTable:
    """Memory-maps a compact table file; the numbers are read when they are used.

    Raises:
        CorruptFileError: not a compact table file, cut short, or of another format version.
    """
    try:
        with pa.memory_map(str(path)) as source:
            batch = pa.ipc.open_file(source).get_batch(0)
        content = batch.schema.metadata[_KEY]
        if hashlib.sha256(content).hexdigest().encode() != batch.schema.metadata[_DIGEST_KEY]:
            raise ValueError("its description is damaged")
        header = json.loads(content)
        if header["format"] != FORMAT:
            raise ValueError(f"it has format {header['format']}, and this version reads {FORMAT}")
        columns = _columns(batch, header["columns"], path)
        notes = tuple(str(note) for note in header["notes"])
        return StoredTable(str(header["space"]), columns, dict(header["provenance"]), notes, str(header["fingerprint"]))
    except _DAMAGED as error:
        raise CorruptFileError(
            f"{path} is not a whole compact table ({error!r}); delete it and convert or fetch the table again."
        ) from error


def _columns(batch: pa.RecordBatch, headers: dict[str, Any], path: Path) -> dict[str, StoredColumn]:
    columns = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        data = np.frombuffer(array.buffers()[1], array.type.to_pandas_dtype(), len(array))  # to_numpy imports pandas
        scale, crc32 = float(headers[name]["scale"]), int(headers[name]["crc32"])
        columns[name] = StoredColumn(name, data, scale, crc32, path)
    return columns


def check(stored: StoredTable) -> None:
    """Reads every byte and compares it with the checksums.

    Raises:
        CorruptFileError: a column, or the table as a whole, is not what was written.
    """
    for column in stored.columns.values():
        column.values()
    if _fingerprint(stored.space, stored.columns) != stored.fingerprint:
        raise CorruptFileError("The table does not have the fingerprint it was written with; convert it again.")
