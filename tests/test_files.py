"""Files are whole or as they were, and reading one runs nothing."""

import builtins
import errno
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nasbench_ga import files
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import (
    atomic_path,
    digest,
    load_plain_pickle,
    read_checked,
    read_json,
    sha256,
    write_bytes,
    write_checked,
    write_json,
)
from tests.support.payload import Runs


class FailedError(Exception):
    """What a block may fail with."""


# --- Writing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def assert_as_before(path: Path) -> None:
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_ends_well_replaces_the_file(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "file", b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def write_half(path: Path, error: BaseException) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise error


@pytest.mark.parametrize("error", [FailedError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file(path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        write_half(path, error())
    assert_as_before(path)


def test_a_full_disk_leaves_the_old_file(path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(NasbenchError, match=r"Cannot write .*No space left on device.*Nothing .* has changed"):
        write_half(path, full)
    assert_as_before(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_really_full_is_said_to_be(path: Path) -> None:
    with pytest.raises(NasbenchError, match="No space left on device"), atomic_path(path):
        Path("/dev/full").write_bytes(b"x")
    assert_as_before(path)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_late_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(*{"fsync": (files.os, "fsync"), "replace": (Path, "replace")}[step], fail)
    with pytest.raises(NasbenchError, match="Input/output error"):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert_as_before(path)


def test_a_folder_that_cannot_be_made_is_an_error(path: Path) -> None:
    with pytest.raises(NasbenchError, match="Cannot write"):
        write_bytes(path / "below-a-file", b"new")
    assert_as_before(path)


def test_files_have_ordinary_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(content=json_values)
def test_json_comes_back(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "content.json"
    write_json(path, content)
    assert read_json(path) == content


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\xfa", b'{"a": }'])
def test_what_is_not_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"x\.json is not valid JSON"):
        read_json(tmp_path / "x.json")


def test_checksums_of_the_standards_example(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(tmp_path / "abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"


def test_what_was_written_with_its_checksum_is_read_back(tmp_path: Path) -> None:
    for content in (b"", b"one\ntwo", bytes(range(256))):
        write_checked(tmp_path / "deep" / "file", content)
        assert read_checked(tmp_path / "deep" / "file") == content
        assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


@pytest.mark.parametrize("damage", ["a bit", "short", "empty", "without checksum"])
def test_what_is_not_as_it_was_written_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "file"
    write_checked(path, b"some content")
    written = path.read_bytes()
    flipped = bytes([*written[:-1], written[-1] ^ 1])
    path.write_bytes(
        {"a bit": flipped, "short": written[:-1], "empty": b"", "without checksum": b"some content"}[damage]
    )
    with pytest.raises(CorruptFileError, match=r"file is damaged: it does not have the checksum"):
        read_checked(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match=r"absent cannot be read: No such file"):
        read_checked(tmp_path / "absent")


# --- Reading pickles


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["system", "eval", "exec", "open", "mkdir", "getattr", "import", "numpy-load"])
def test_calls_are_refused_and_not_made(tmp_path: Path, name: str, protocol: int) -> None:
    marker = tmp_path / "marker"
    calls = {
        "system": (os.system, f"touch {marker}"),
        "eval": (eval, f"open({str(marker)!r}, 'w')"),
        "exec": (exec, f"open({str(marker)!r}, 'w')"),
        "open": (open, str(marker), "w"),
        "mkdir": (os.mkdir, str(marker)),
        "getattr": (getattr, "text", "upper"),
        "import": (builtins.__import__, "os"),
        "numpy-load": (np.fromfile, str(marker)),
    }
    content = pickle.dumps([1, {"nested": Runs(*calls[name])}], protocol)
    with pytest.raises(
        CorruptFileError, match=r"^a file cannot be read as plain data: it asks for .*only numpy arrays"
    ):
        load_plain_pickle(content, "a file")
    assert not marker.exists()


def test_persistent_objects_are_refused() -> None:
    with pytest.raises(CorruptFileError, match="persistent"):
        load_plain_pickle(b"Pan-id\n.", "a file")


def test_an_object_array_over_raw_memory_is_refused() -> None:
    """Its elements would be pointers that the file chose."""
    content = pickle.dumps(Runs(np.ndarray, (1,), np.dtype("O"), b"\x41" * 8))
    with pytest.raises(CorruptFileError):
        load_plain_pickle(content, "a file")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.text(), st.integers()), inner)
        | st.lists(st.tuples(st.text(), inner)).map(OrderedDict)
        | st.sets(st.integers())
    ),
    max_leaves=20,
)


@given(content=plain, protocol=st.sampled_from([4, 5]))
def test_plain_containers_are_read(content: Any, protocol: int) -> None:
    read = load_plain_pickle(pickle.dumps(content, protocol), "a file")
    assert read == content
    assert type(read) is type(content)


dtypes = hnp.scalar_dtypes() | st.sampled_from(
    [np.int8, np.float16, np.float64, np.bool_, "datetime64[ns]", "U5", "S5"]
).map(np.dtype)


@given(
    array=hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_side=4)),
    protocol=st.integers(0, pickle.HIGHEST_PROTOCOL),
    fortran=st.booleans(),
)
def test_numpy_arrays_are_read(array: np.ndarray, protocol: int, fortran: bool) -> None:
    array = np.asfortranarray(array) if fortran else array
    content = pickle.dumps({"array": array}, protocol)
    read, expected = load_plain_pickle(content, "a file")["array"], pickle.loads(content)["array"]
    assert read.dtype == expected.dtype
    assert read.shape == array.shape
    assert read.tobytes() == expected.tobytes()


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("dtype", ["f8", "i1", "U3", "?"])
def test_empty_arrays_are_read(dtype: str, protocol: int) -> None:
    read = load_plain_pickle(pickle.dumps(np.empty((0, 2), dtype), protocol), "a file")
    assert (read.shape, read.dtype) == ((0, 2), np.dtype(dtype))


@pytest.mark.parametrize("value", [np.float32(0.1), np.float64(np.pi), np.int64(-3), np.bool_(True), np.str_("é")])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numpy_scalars_are_read(value: np.generic, protocol: int) -> None:
    read = load_plain_pickle(pickle.dumps([value], protocol), "a file")[0]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_plain_objects_are_read(protocol: int) -> None:
    array = np.array([1, "two", None, {"three": [4.0]}], object)
    assert load_plain_pickle(pickle.dumps(array, protocol), "a file").tolist() == array.tolist()


def forged(kind: str, flags: int) -> np.dtype[Any]:
    """Pickles as a dtype of objects that claims to hold none."""

    class Forged:
        def __reduce__(self) -> Any:
            state = (3, "|", None, None, None, -1, -1, flags)
            return np.dtype, (kind, False, True), state

    return Forged()


@pytest.mark.parametrize("flags", [0, 63])
@pytest.mark.parametrize("way", ["_frombuffer", "scalar", "setstate", "structured"])
def test_objects_are_never_made_of_bytes(way: str, flags: int) -> None:
    from numpy._core.multiarray import _reconstruct, scalar
    from numpy._core.numeric import _frombuffer

    pointer = b"\x41" * 8
    dtype = forged("O8", flags)
    payload: Any
    if way == "setstate":

        class SetState:
            def __reduce__(self) -> Any:
                return _reconstruct, (np.ndarray, (0,), b"b"), (1, (1,), dtype, False, pointer)

        payload = SetState()
    elif way == "structured":
        payload = Runs(_frombuffer, pointer, np.dtype([("a", "O")]), (1,), "C")
    elif way == "scalar":
        payload = Runs(scalar, dtype, pointer)
    else:
        payload = Runs(_frombuffer, pointer, dtype, (1,), "C")
    with pytest.raises(CorruptFileError, match="cannot be read as plain data"):
        load_plain_pickle(pickle.dumps(payload, 4), "a file")


def test_arrays_read_can_be_written_and_read_again() -> None:
    first = load_plain_pickle(pickle.dumps({"a": np.arange(4), "b": np.eye(2)}, 5), "a file")
    second = load_plain_pickle(pickle.dumps({key: value + 0 for key, value in first.items()}, 5), "a file")
    assert second["a"].tolist() == [0, 1, 2, 3]


@given(data=st.data())
def test_a_pickle_cut_short_is_refused(data: st.DataObject) -> None:
    content = pickle.dumps({"a": np.arange(10), "b": [1, 2.5, "text"]})
    with pytest.raises(CorruptFileError, match=r"^a file cannot be read as plain data"):
        load_plain_pickle(content[: data.draw(st.integers(0, len(content) - 1))], "a file")
