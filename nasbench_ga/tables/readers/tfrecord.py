"""The TFRecord container: length-prefixed records, each guarded by two checksums, read without TensorFlow.

A record is its length (little-endian uint64), the masked CRC-32C of those eight bytes, the payload, and the
masked CRC-32C of the payload (format: TensorFlow, `tensorflow/core/lib/io/record_writer.h`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c
from tqdm import tqdm

from nasbench_ga.errors import CorruptFileError

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_PROGRESS_EVERY = 4096  # records


@dataclass(frozen=True)
class Place:
    """Where a record stands, and what a user can do when it is damaged; for messages.

    Args:
        path: the file.
        number: the record's number, the first is 1.
        offset: the byte at which the record begins.
        remedy: what to do about damage, a full sentence.
    """

    path: Path
    number: int
    offset: int
    remedy: str

    def corrupt(self, what: str) -> CorruptFileError:
        """The error that says what is wrong here."""
        return CorruptFileError(f"{self.path}, record {self.number} at byte {self.offset}: {what}. {self.remedy}")


def masked_crc32c(content: bytes) -> int:
    """CRC-32C rotated right by 15 bits plus a constant, as TFRecord stores it."""
    crc: int = google_crc32c.value(content)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def begins_with_record(head: bytes) -> bool:
    """Whether a file's first twelve bytes are a record's length and the checksum that fits it."""
    return len(head) >= _HEADER.size and masked_crc32c(head[:8]) == _HEADER.unpack_from(head)[1]


def read_records(path: Path, remedy: str, progress: bool = False) -> Iterator[tuple[int, int, bytes]]:
    """The records of a file, one after another, each with both of its checksums verified.

    Args:
        path: a TFRecord file.
        remedy: what a user can do about a damaged file, a full sentence.
        progress: draw a bar of bytes on stderr once it takes longer than two seconds.

    Yields:
        The record's number (from 1), the byte at which it begins, and its payload.

    Raises:
        CorruptFileError: a checksum does not fit, or the file ends within a record.
    """
    size = path.stat().st_size
    offset = reported = number = 0
    with (
        path.open("rb") as file,
        tqdm(total=size, desc=path.name, unit="B", unit_scale=True, delay=2, leave=False, disable=not progress) as bar,
    ):
        while offset < size:
            number += 1
            header = file.read(_HEADER.size)
            length = _verified_length(header, size - offset, path, number, offset, remedy)
            payload, checksum = file.read(length), file.read(_CHECKSUM.size)
            if masked_crc32c(payload) != _CHECKSUM.unpack(checksum)[0]:
                raise Place(path, number, offset, remedy).corrupt(
                    f"the checksum of its {length} bytes does not fit; they have been altered"
                )
            yield number, offset, payload
            offset += _HEADER.size + length + _CHECKSUM.size
            if number % _PROGRESS_EVERY == 0 or offset == size:
                bar.update(offset - reported)
                reported = offset


def _verified_length(header: bytes, left: int, path: Path, number: int, offset: int, remedy: str) -> int:
    if len(header) < _HEADER.size:
        raise Place(path, number, offset, remedy).corrupt(
            f"expected {_HEADER.size} bytes of record header, got {len(header)}; the file was cut off"
        )
    length: int
    length, checksum = _HEADER.unpack(header)
    if masked_crc32c(header[:8]) != checksum:
        raise Place(path, number, offset, remedy).corrupt("the checksum of the record's length does not fit")
    if _HEADER.size + length + _CHECKSUM.size > left:
        raise Place(path, number, offset, remedy).corrupt(
            f"expected {length} bytes of content and a checksum, got {left - _HEADER.size}; the file was cut off"
        )
    return length
