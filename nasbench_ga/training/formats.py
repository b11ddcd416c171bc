"""The formats in which images are published: bytes in, pixels and labels out.

Binary CIFAR records: https://www.cs.toronto.edu/~kriz/cifar.html; IDX: http://yann.lecun.com/exdb/mnist/; MATLAB
files: http://ufldl.stanford.edu/housenumbers/. Whether the bytes are the published ones is checked before; here they
only have to make sense.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import load_plain_pickle
from nasbench_ga.training.matlab import read_arrays

Chunk = tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]
"""Some images: pixels uint8[n, channels, height, width] and labels [n]."""
Shape = tuple[int, int, int]
"""Channels, height and width of an image."""

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = b"\0\0\x08"  # how IDX files of them begin


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Args:
        source: where it came from, for messages.
        data: its bytes.
    """

    source: str
    data: bytes


class Reader(Protocol):
    """Makes images of the files of a split, which come in their official order."""

    def __call__(self, contents: Iterator[Content]) -> Iterator[Chunk]:
        """Gives the images in their official order, in one chunk or several."""
        ...


def read_records(contents: Iterator[Content], *, shape: Shape, label_bytes: int = 1) -> Iterator[Chunk]:
    """Records of label bytes, of which the last counts, and the pixels of one channel after another.

    Raises:
        CorruptFileError: a file is not a whole number of records.
    """
    size = label_bytes + math.prod(shape)
    for content in contents:
        if not content.data or len(content.data) % size:
            raise CorruptFileError(
                f"{content.source} has {len(content.data):,} bytes, which is no whole number of records of {size:,}; "
                "it is cut short or something else."
            )
        records = np.frombuffer(content.data, np.uint8).reshape(-1, size)
        yield records[:, label_bytes:].reshape(-1, *shape), records[:, label_bytes - 1]


def read_batches(contents: Iterator[Content], *, shape: Shape, labels: str) -> Iterator[Chunk]:
    """Pickled dictionaries with the pixels of an image in each row of `data`, and its label in the list `labels`.

    Args:
        contents: the files; written by Python 2 or 3.
        shape: of an image.
        labels: the key under which the labels are.

    Raises:
        CorruptFileError: a file is no such pickle; or would run code if it were read carelessly.
    """
    for content in contents:
        batch = load_plain_pickle(content.data, content.source, encoding="bytes")
        entries = {_text(key): value for key, value in batch.items()} if isinstance(batch, dict) else {}
        data, numbers = _array(entries.get("data")), _array(entries.get(labels))
        if data.dtype != np.uint8 or data.shape != (len(data) if data.ndim else 0, math.prod(shape)):
            raise CorruptFileError(
                f"{content.source} holds {data.dtype} {data.shape} as 'data', "
                f"and bytes of the shape (images, {math.prod(shape)}) were expected; it is something else."
            )
        if numbers.dtype.kind not in "iu" or numbers.shape != data.shape[:1]:
            raise CorruptFileError(
                f"{content.source} holds no list of {len(data):,} whole numbers as {labels!r}; it is something else."
            )
        yield data.reshape(-1, *shape), numbers


def _array(entry: object) -> NDArray[Any]:
    try:
        return np.asarray(entry)
    except ValueError:  # lists of unequal lengths
        return np.empty(0, object)


def _text(key: object) -> object:
    return key.decode("latin1") if isinstance(key, bytes) else key


def read_first_classes(contents: Iterator[Content], *, shape: Shape, labels: str, classes: int) -> Iterator[Chunk]:
    """What `read_batches` gives, of the labels 1 to `classes` only, made 0 to `classes` - 1."""
    for pixels, numbers in read_batches(contents, shape=shape, labels=labels):
        wanted = numbers <= classes
        yield pixels[wanted], numbers[wanted].astype(np.int64) - 1


def read_idx_pair(contents: Iterator[Content]) -> Iterator[Chunk]:
    """An IDX file of grey images and one of their labels, each packed with gzip or not.

    Raises:
        CorruptFileError: one is no IDX file of bytes, is cut short, or they do not belong together.
    """
    first, second = contents
    pixels, labels = read_idx(first, axes=3), read_idx(second, axes=1)
    if len(pixels) != len(labels):
        raise CorruptFileError(
            f"{first.source} holds {len(pixels):,} images, but {second.source} {len(labels):,} labels; get both again."
        )
    yield pixels[:, None], labels


def read_idx(content: Content, *, axes: int) -> NDArray[np.uint8]:
    """The array of bytes in an IDX file.

    Raises:
        CorruptFileError: it is no IDX file of bytes with so many axes, or has not as many bytes as it says.
    """
    data = _unpacked(content) if content.data.startswith(_GZIP) else content.data
    start = 4 + 4 * axes
    if data[:4] != _UNSIGNED_BYTES + bytes([axes]) or len(data) < start:
        raise CorruptFileError(
            f"{content.source} begins with {data[:4].hex()}, and an IDX file of bytes with {axes} axes with "
            f"{(_UNSIGNED_BYTES + bytes([axes])).hex()}; it is something else."
        )
    shape = tuple(int(length) for length in np.frombuffer(data, ">u4", axes, offset=4))
    if len(data) - start != math.prod(shape):
        raise CorruptFileError(
            f"{content.source} should hold {math.prod(shape):,} bytes of the shape {shape}, "
            f"and holds {len(data) - start:,}; it is cut short or damaged."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _unpacked(content: Content) -> bytes:
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        data = unpacking.decompress(content.data)
    except zlib.error as error:
        raise CorruptFileError(f"{content.source} cannot be unpacked: {error}.") from error
    if not unpacking.eof:
        raise CorruptFileError(f"{content.source} cannot be unpacked: it is cut short.")
    return data


def read_matlab(contents: Iterator[Content], *, shape: Shape, classes: int) -> Iterator[Chunk]:
    """MATLAB 5 files with images `X`, uint8[height, width, channels, n], and their labels `y`, 1 to `classes`, [n, 1].

    The label `classes` is given as 0: SVHN says 10 for the digit 0.

    Raises:
        CorruptFileError: a file is no such file, or is damaged.
    """
    channels, height, width = shape
    for content in contents:
        arrays = read_arrays(content.data, content.source)
        if not {"X", "y"} <= set(arrays):
            raise CorruptFileError(
                f"{content.source} holds the arrays of numbers {', '.join(arrays) or '(none)'}, and X and y were "
                "expected; it is something else."
            )
        pixels, labels = arrays["X"], arrays["y"]
        if pixels.dtype != np.uint8 or pixels.shape != (height, width, channels, pixels.shape[-1]):
            raise CorruptFileError(
                f"{content.source} holds {pixels.dtype} {pixels.shape} as 'X', and bytes of the shape "
                f"({height}, {width}, {channels}, images) were expected; it is something else."
            )
        if labels.shape != (pixels.shape[-1], 1) or not np.isin(labels, np.arange(1, classes + 1)).all():
            raise CorruptFileError(
                f"{content.source} holds {labels.dtype} {labels.shape} as 'y', and a whole number from 1 to {classes} "
                f"for each of {pixels.shape[-1]:,} images was expected; it is something else."
            )
        yield pixels.transpose(3, 2, 0, 1).astype(np.uint8, copy=False), labels[:, 0].astype(np.int64) % classes
