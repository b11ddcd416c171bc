"""MATLAB 5 files against scipy, which writes and reads them too; and files that are damaged."""

import io
import re
import struct
import zlib

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.training.matlab import read_arrays

NUMBERS = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)] + ["f4", "f8"]


def written(content: dict[str, object], packed: bool = True) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, content, do_compression=packed)
    return file.getvalue()


def element(kind: int, body: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(name: str, shape: tuple[int, ...], body: bytes, *, kind: int = 2, flags: int = 9, order: str = "<") -> bytes:
    """A matrix as MathWorks describes it: flags, lengths, name, numbers."""
    parts = (
        element(6, struct.pack(f"{order}II", flags, 0), order),
        element(5, struct.pack(f"{order}{len(shape)}i", *shape), order),
        element(1, name.encode(), order),
        element(kind, body, order),
    )
    return element(14, b"".join(parts), order)


def headed(*elements: bytes, order: str = "<") -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + {"<": b"\0\1IM", ">": b"\1\0MI"}[order] + b"".join(elements)


@given(
    array=st.sampled_from(NUMBERS).flatmap(
        lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=5))
    ),
    packed=st.booleans(),
)
def test_what_scipy_writes(array: np.ndarray, packed: bool) -> None:
    read = read_arrays(written({"other": np.ones((2, 3)), "a": array, "text": "abc", "z": 1j}, packed), "a file")
    assert set(read) == {"other", "a"}
    assert read["a"].dtype == array.dtype
    assert np.array_equal(read["a"], array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize("order", "<>")
def test_both_byte_orders_and_small_numbers_of_a_large_class(order: str) -> None:
    """MATLAB stores a double array as bytes where it can; scipy reads it so too."""
    body = np.arange(6, dtype=np.uint8).tobytes()
    content = headed(matrix("y", (3, 2), body, flags=6, order=order), order=order)
    expected = scipy.io.loadmat(io.BytesIO(content))["y"]
    assert read_arrays(content, "a file")["y"].tolist() == expected.tolist() == [[0, 3], [1, 4], [2, 5]]
    short = np.arange(4, dtype=f"{order}u2")
    content = headed(matrix("y", (4, 1), short.tobytes(), kind=4, order=order), order=order)
    assert read_arrays(content, "a file")["y"].tolist() == [[0], [1], [2], [3]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not begin as MATLAB 5 files do"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM", "does not begin as MATLAB 5 files do"),
        (headed(b"\0\0\0"), "an element begins 3 bytes before the end"),
        (headed(element(14, b"")), r"0 bytes of the type 0 are where u4 should be"),
        (headed(struct.pack("<II", 14, 2**31)), "an element of 2,147,483,648 bytes ends after what holds it"),
        (headed(struct.pack("<HHI", 1, 5, 0)), "an element of 5 bytes ends after what holds it"),
        (headed(matrix("X", (2, 3), bytes(5))), r"'X' should have the shape \(2, 3\), and has 5 numbers"),
        (headed(matrix("X", (-2, -3), bytes(6))), r"'X' should have the shape \(-2, -3\)"),
        (headed(matrix("X", (2**31 - 1,) * 3, bytes(6))), r"'X' should have the shape \(2147483647,"),
        (headed(matrix("X", (1, 1), bytes(3), kind=4)), "3 bytes of the type 4 are where numbers should be"),
        (headed(matrix("X", (1, 1), bytes(8), kind=99)), "8 bytes of the type 99 are where numbers should be"),
        (headed(element(15, b"nothing")), "it cannot be unpacked: .*incorrect header"),
        (headed(element(15, zlib.compress(bytes(9000))[:-1])), "it cannot be unpacked to the end"),
    ],
)
def test_what_makes_no_sense(content: bytes, reason: str) -> None:
    with pytest.raises(CorruptFileError, match=f"^a file .*{reason}"):
        read_arrays(content, "a file")


@given(data=st.data(), packed=st.booleans())
def test_damage_anywhere_is_an_error_or_leaves_arrays(data: st.DataObject, packed: bool) -> None:
    """Nothing but our own error ever comes of it, and a packed array is the right one or none."""
    errors = []
    array = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    content = bytearray(written({"X": array}, packed))
    for place in data.draw(st.lists(st.integers(120, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    try:
        read = read_arrays(bytes(content[: data.draw(st.integers(100, len(content)))]), "a file")
    except CorruptFileError as error:
        errors, read = [str(error)], {}
    assert all(re.match("a file (is cut short or damaged|does not begin)", error) for error in errors)
    if packed and "X" in read:
        assert np.array_equal(read["X"], array)
