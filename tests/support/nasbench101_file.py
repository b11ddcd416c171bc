"""Writes TFRecord files in the format of NAS-Bench-101, of any size, with results that are made up.

Without checkpoints and with the base64 broken into lines, a file of all cells has exactly the size of the
official one: 522,767,376 bytes for 108 epochs, 2,085,986,016 for all four numbers of epochs.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasbench_ga.tables.readers.tfrecord import masked_crc32c

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
IMAGES = 9984  # that the published accuracies are fractions of: 39 batches of 256


@dataclass(frozen=True)
class PublishedCell:
    """One cell of the table of published means, as the official file writes it."""

    module_hash: str
    adjacency: str
    operations: str
    parameters: int
    test_correct: int


def frame(payload: bytes) -> bytes:
    """One TFRecord record around a payload, ready to be written."""
    length = struct.pack("<Q", len(payload))
    return b"".join((length, _checksum(length), payload, _checksum(payload)))


def _checksum(content: bytes) -> bytes:
    return struct.pack("<I", masked_crc32c(content))


def varint(number: int) -> bytes:
    """A non-negative integer in protobuf's variable length."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))


def evaluation(
    epoch: float, seconds: float, train: float, valid: float, test: float, checkpoint: bytes | None = None
) -> bytes:
    """An `EvaluationData` message."""
    body = b"".join(
        bytes((number << 3 | 1,)) + struct.pack("<d", value)
        for number, value in enumerate((epoch, seconds, train, valid, test), start=1)
    )
    return body if checkpoint is None else body + bytes((6 << 3 | 2, len(checkpoint))) + checkpoint


def metrics(evaluations: Iterable[bytes], parameters: int, total_seconds: float) -> bytes:
    """A `ModelMetrics` message."""
    parts = [bytes((1 << 3 | 2, len(one))) + one for one in evaluations]
    return b"".join(parts) + b"\x10" + varint(parameters) + b"\x19" + struct.pack("<d", total_seconds)


def payload(module_hash: str, epochs: int, adjacency: str, operations: str, message: bytes) -> bytes:
    """The JSON of one record."""
    fields = [module_hash, epochs, adjacency, operations, base64.encodebytes(message).decode()]
    return json.dumps(fields).encode()


def training(cell: PublishedCell, epochs: int, repeat: int) -> bytes:
    """One record: the three repeats' test accuracies average to the published mean, the rest is made up."""
    correct = cell.test_correct // 3 + (repeat < cell.test_correct % 3)
    test, seconds = correct / IMAGES, cell.parameters / 9e3 + repeat
    evaluations = (
        evaluation(0.0, 0.0, 0.1, 0.1, 0.1),
        evaluation(epochs / 2, seconds / 2, 0.5 * test, 0.45 * test, 0.4 * test),
        evaluation(float(epochs), seconds, 0.5 + 0.5 * test, test - 0.004, test),
    )
    message = metrics(evaluations, cell.parameters, seconds + 40.0)
    return payload(cell.module_hash, epochs, cell.adjacency, cell.operations, message)


def operation_names(vertices: int, code: int) -> str:
    """The operations whose base-3 digits are `code`, as the official file writes them."""
    inner = [OPERATIONS[code // 3**place % 3] for place in range(vertices - 2)]
    return ",".join(["input", *inner, "output"])


def published_cells(table: Path) -> Iterator[PublishedCell]:
    """The cells of the table of published means, in its order."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(table).iter_batches():
        for row in batch.to_pylist():
            vertices, code = row["vertices"], row["operations"]
            matrix = np.zeros((vertices, vertices), int)
            for column in range(vertices):
                for above in range(column):
                    matrix[above, column] = row["adjacency"] >> (above + column * (column - 1) // 2) & 1
            yield PublishedCell(
                row["hash"].hex(),
                "".join(map(str, matrix.ravel())),
                operation_names(vertices, code),
                row["parameters"],
                row["test_correct"],
            )


def write(path: Path, cells: Iterable[PublishedCell], epochs: Sequence[int] = (108,), repeats: int = 3) -> None:
    """Writes a file with every cell's trainings one after another, as the official files have them."""
    with path.open("wb") as file:
        for cell in cells:
            for length in epochs:
                for repeat in range(repeats):
                    file.write(frame(training(cell, length, repeat)))
