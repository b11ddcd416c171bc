"""What the readers make of bytes, sound and damaged."""

import gzip
import os
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.training.formats import (
    Content,
    read_batches,
    read_first_classes,
    read_idx,
    read_idx_pair,
    read_records,
)
from tests.support import python2_pickle
from tests.support.payload import Runs
from tests.training.conftest import arrays, batch, records

SHAPE = (3, 32, 32)


def holding(*data: bytes) -> Iterator[Content]:
    return iter([Content(f"file {number}", content) for number, content in enumerate(data)])


def idx(array: np.ndarray, code: int = 8) -> bytes:
    """The IDX format as MNIST's homepage describes it: two zeros, type, number of axes, lengths, bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


# --- Binary records


def test_the_last_label_of_a_record_counts() -> None:
    pixels, labels = arrays(0, 4, classes=100)
    for columns in ([labels], [labels // 5, labels]):
        [(some, theirs)] = read_records(holding(records(pixels, *columns)), shape=SHAPE, label_bytes=len(columns))
        assert some.tolist() == pixels.tolist()
        assert theirs.tolist() == labels.tolist()


@pytest.mark.parametrize("cut", [1, 3073 * 2])
def test_records_cut_short(cut: int) -> None:
    content = records(*arrays(0, 2))[:-cut]
    with pytest.raises(
        CorruptFileError, match=r"^file 0 has [\d,]+ bytes, which is no whole number of records of 3,073"
    ):
        list(read_records(holding(content), shape=SHAPE))


def test_the_official_slivers_of_cifar_100(cifar100_sliver: Path) -> None:
    """Every fine class lies in one coarse class: apples (0) with fruit (4), beavers (4) with aquatic mammals (0)."""
    coarse_of: dict[int, set[int]] = {}
    for name, count in (("train.bin", 486), ("test.bin", 916)):
        content = (cifar100_sliver / "cifar-100-binary" / name).read_bytes()
        [(pixels, fine)] = read_records(holding(content), shape=SHAPE, label_bytes=2)
        assert pixels.shape == (count, *SHAPE)
        for both in zip(fine.tolist(), content[::3074], strict=True):
            coarse_of.setdefault(both[0], set()).add(both[1])
    assert set(map(len, coarse_of.values())) == {1}
    assert set(coarse_of) == set(range(100))
    assert (coarse_of[0], coarse_of[4]) == ({4}, {0})
    assert np.bincount([coarse for (coarse,) in coarse_of.values()]).tolist() == [5] * 20


# --- Pickled batches


def test_the_writer_of_python_2_pickles_writes_such() -> None:
    content = python2_pickle.dumps({"data": np.arange(3, dtype=np.uint8), "names": ["a", "b" * 300]})
    read = pickle.loads(content, encoding="bytes")
    assert read[b"names"] == [b"a", b"b" * 300]
    assert read[b"data"].tolist() == [0, 1, 2]
    assert b"numpy._core" not in content


@pytest.mark.parametrize("python", [2, 3])
def test_batches_of_either_python(python: int) -> None:
    parts = [arrays(seed, 3, classes=100) for seed in (0, 1)]
    content = [batch(pixels, python, coarse_labels=labels // 5, fine_labels=labels) for pixels, labels in parts]
    read = list(read_batches(holding(*content), shape=SHAPE, labels="fine_labels"))
    for (pixels, labels), (expected, numbers) in zip(read, parts, strict=True):
        assert type(pixels) is np.ndarray
        assert pixels.tolist() == expected.tolist()
        assert labels.tolist() == numbers.tolist()


def test_first_classes_are_counted_from_nought() -> None:
    pixels, _ = arrays(0, 6, side=16)
    labels = np.array([1, 120, 121, 1000, 7, 120])
    [(some, theirs)] = read_first_classes(
        holding(batch(pixels, labels=labels)), shape=(3, 16, 16), labels="labels", classes=120
    )
    assert theirs.tolist() == [0, 119, 6, 119]
    assert some.tolist() == pixels[[0, 1, 4, 5]].tolist()


def test_a_hostile_batch_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = pickle.dumps({"data": Runs(os.system, f"touch {marker}"), "labels": [0]}, 2)
    with pytest.raises(CorruptFileError, match=r"^file 0 cannot be read as plain data: it asks for posix.system"):
        list(read_batches(holding(content), shape=SHAPE, labels="labels"))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([1, 2], "'data'"),
        ({}, "'data'"),
        ({"data": np.zeros((2, 3071), np.uint8), "labels": [0, 1]}, "'data'"),
        ({"data": np.zeros((2, 3072)), "labels": [0, 1]}, "'data'"),
        ({"data": 7, "labels": [0, 1]}, "'data'"),
        ({"data": np.zeros((2, 3072), np.uint8)}, "'labels'"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0]}, "'labels'"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0, 0.5]}, "'labels'"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [[0], [1, 2]]}, "'labels'"),
    ],
)
def test_another_pickle_is_something_else(content: object, reason: str) -> None:
    with pytest.raises(CorruptFileError, match=rf"^file 0 holds .*{reason}.*something else"):
        list(read_batches(holding(python2_pickle.dumps(content)), shape=SHAPE, labels="labels"))


# --- IDX


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_comes_packed_or_not(pack) -> None:
    pixels, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([7, 1], np.uint8)
    [(some, theirs)] = read_idx_pair(holding(pack(idx(pixels)), pack(idx(labels))))
    assert some.tolist() == pixels[:, None].tolist()
    assert theirs.tolist() == [7, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08\x01",
        idx(np.zeros((1, 2, 2), np.uint8), code=9),
        idx(np.zeros(4, np.uint8)),
        b"\x01" + idx(np.zeros((1, 2, 2), np.uint8))[1:],
    ],
)
def test_wrong_magic(content: bytes) -> None:
    with pytest.raises(CorruptFileError, match=r"^a file begins with .* an IDX file .* with 00000803"):
        read_idx(Content("a file", content), axes=3)


@given(data=st.data())
def test_idx_cut_short_is_refused(data: st.DataObject) -> None:
    whole = idx(np.arange(60, dtype=np.uint8).reshape(5, 3, 4))
    content = data.draw(st.sampled_from([whole, gzip.compress(whole)]))
    content = content[: data.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(CorruptFileError, match=r"^a file "):
        read_idx(Content("a file", content), axes=3)


def test_damaged_packing_is_refused() -> None:
    content = bytearray(gzip.compress(idx(np.zeros((5, 3, 4), np.uint8))))
    content[-6] ^= 1
    with pytest.raises(CorruptFileError, match=r"^a file cannot be unpacked: .*incorrect data check"):
        read_idx(Content("a file", bytes(content)), axes=3)


def test_images_and_labels_have_to_be_as_many() -> None:
    content = holding(idx(np.zeros((2, 3, 4), np.uint8)), idx(np.zeros(3, np.uint8)))
    with pytest.raises(CorruptFileError, match=r"file 0 holds 2 images, but file 1 3 labels"):
        list(read_idx_pair(content))
