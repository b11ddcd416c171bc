"""Arrays of numbers out of MATLAB 5 files, packed or not: MathWorks, "MAT-File Format", level 5.

`scipy.io.loadmat` reads them too, but damaged ones can crash it, and the interpreter with it.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError

Number = np.integer | np.floating

_HEAD = 128
_BYTE_ORDERS = {b"\0\1IM": "<", b"\1\0MI": ">"}  # by the version and the mark at the end of the head
_MATRIX, _PACKED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_BYTES, _INTEGERS, _FLAGS = 1, 5, 6  # types of a name, of lengths and of flags
_CLASSES_OF_NUMBERS = range(6, 16)  # double to uint64; before them are cells, structures, text, ...
_COMPLEX = 0x800


class _DamagedError(Exception):
    """What is wrong, to be said with the name of the file."""


def read_arrays(data: bytes, source: str) -> dict[str, NDArray[Number]]:
    """The named arrays of real numbers in a MATLAB 5 file, of the types in which they are stored; all else is left out.

    Args:
        data: what the file holds.
        source: where it came from, for messages.

    Raises:
        CorruptFileError: it is no such file, is cut short or damaged.
    """
    order = _BYTE_ORDERS.get(data[_HEAD - 4 : _HEAD])
    if order is None:
        raise CorruptFileError(f"{source} does not begin as MATLAB 5 files do; it is something else.")
    try:
        named = [_matrix(body, order) for body in _matrices(memoryview(data)[_HEAD:], order)]
    except _DamagedError as error:
        raise CorruptFileError(f"{source} is cut short or damaged: {error}.") from error
    return {name: array for name, array in named if array is not None}


def _matrices(data: memoryview, order: str) -> Iterator[memoryview]:
    for kind, body in _elements(data, order):
        if kind == _MATRIX:
            yield body
        elif kind == _PACKED:
            yield from (inner for kind, inner in _elements(_unpacked(body), order) if kind == _MATRIX)


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of one element after another; those of up to four bytes lie within their tag."""
    start = 0
    while start < len(data):
        if start + 8 > len(data):
            raise _DamagedError(f"an element begins {len(data) - start} bytes before the end")
        kind, size = struct.unpack_from(f"{order}II", data, start)
        body = start + 8
        if kind >> 16:
            kind, size, body = kind & 0xFFFF, kind >> 16, start + 4
        end = body + size
        if end > len(data) or (body == start + 4 and size > 4):
            raise _DamagedError(f"an element of {size:,} bytes ends after what holds it")
        yield kind, data[body:end]
        start = end if kind == _PACKED else end + (start - end) % 8  # padded to whole eights


def _unpacked(body: memoryview) -> memoryview:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(body)
    except zlib.error as error:
        raise _DamagedError(f"it cannot be unpacked: {error}") from error
    if not unpacking.eof:
        raise _DamagedError("it cannot be unpacked to the end")
    return memoryview(data)


def _matrix(body: memoryview, order: str) -> tuple[str, NDArray[Number] | None]:
    """Name and content of a matrix: flags, lengths, name and numbers; None where these are no real numbers."""
    parts = _elements(body, order)
    flags = int(_array(next(parts, None), order, _FLAGS)[0])
    shape = tuple(_array(next(parts, None), order, _INTEGERS).tolist())
    name = _array(next(parts, None), order, _BYTES).tobytes().decode("latin1")
    if flags & 0xFF not in _CLASSES_OF_NUMBERS or flags & _COMPLEX:
        return name, None
    numbers = _array(next(parts, None), order)
    if min(shape) < 0 or math.prod(shape) != len(numbers):
        raise _DamagedError(f"{name!r} should have the shape {shape}, and has {len(numbers):,} numbers")
    return name, numbers.reshape(shape, order="F")


def _array(element: tuple[int, memoryview] | None, order: str, wanted: int | None = None) -> NDArray[Number]:
    """The numbers of an element; at least one, where a type is wanted that heads matrices."""
    kind, body = element or (0, memoryview(b""))
    dtype = np.dtype(f"{order}{_TYPES.get(kind, 'V1')}")
    if dtype.kind == "V" or len(body) % dtype.itemsize or (wanted and (kind != wanted or not body)):
        raise _DamagedError(
            f"{len(body):,} bytes of the type {kind} are where {_TYPES.get(wanted or 0, 'numbers')} should be"
        )
    return np.frombuffer(body, dtype)
