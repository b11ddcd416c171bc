"""The compact table file: nothing is lost, and no damage goes unseen."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.tables import Column, TableContents, storage

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
floats = st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf]) | st.floats(width=32) | st.integers(0, 999)
columns = st.integers(1, 20).flatmap(
    lambda rows: st.dictionaries(
        st.sampled_from(["a/test/1@0", "a/test/1@1", "a/valid/1@mean", "a/parameters", "é/x"]),
        hnp.arrays(np.float64, rows, elements=floats)
        | hnp.arrays(np.int64, rows, elements=st.integers(-(2**63), 2**63 - 1))
        | hnp.arrays(np.int32, rows)
        | hnp.arrays(np.float32, rows),
        min_size=1,
    )
)


def contents(columns: dict[str, np.ndarray], scale: float = 1.0) -> TableContents:
    kept = {name: Column(values, scale) for name, values in columns.items()}
    return TableContents("nats-tss", kept, {"source": "made up", "reader": "none"}, ("One note.", "Another, é."))


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file."""
    path = tmp_path_factory.mktemp("intact") / "t.arrow"
    rng = np.random.default_rng(0)
    columns = {"a/test/1@0": rng.random(500), "a/test/1@1": rng.random(500), "a/parameters": rng.integers(99, size=500)}
    storage.write(storage.store(contents(columns)), path)
    return path


@shared_folder
@given(columns=columns, scale=st.sampled_from([1.0, 100.0, 0.01]))
def test_every_number_comes_back(tmp_path: Path, columns: dict[str, np.ndarray], scale: float) -> None:
    path = tmp_path / "t.arrow"
    stored = storage.store(contents(columns, scale))
    storage.write(stored, path)
    read = storage.read(path)
    assert list(read.columns) == sorted(columns)
    for name, values in columns.items():
        with np.errstate(over="ignore"):
            expected = values.astype(np.float64) * scale
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(read.columns[name].values(), expected)
        assert read.columns[name].values().dtype == np.float64
    assert (read.space, read.provenance, read.notes) == (stored.space, stored.provenance, stored.notes)
    assert read.fingerprint == stored.fingerprint
    storage.check(read)


@given(columns=columns)
def test_narrowing_loses_nothing(columns: dict[str, np.ndarray]) -> None:
    for values in columns.values():
        narrow = storage.narrowed(Column(values))
        assert narrow.dtype in (np.int32, np.int64, np.float32, np.float64)
        assert narrow.dtype.kind == values.dtype.kind
        np.testing.assert_array_equal(narrow.astype(values.dtype), values)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.5, np.nan, -np.inf], np.float32),
        ([0.1], np.float64),
        ([1e300], np.float64),
        ([1e-46], np.float64),
        ([2**31 - 1], np.int32),
        ([2**31], np.int64),
        ([-(2**31) - 1], np.int64),
    ],
)
def test_the_smallest_type_that_holds_all(values: list[float], dtype: type) -> None:
    assert storage.narrowed(Column(np.array(values))).dtype == dtype


def test_equal_contents_have_equal_fingerprints_and_others_do_not() -> None:
    base = {"a/test/1@0": np.array([1.0, 2.0]), "a/test/1@1": np.array([3.0, 4.0])}
    first = storage.store(contents(base)).fingerprint
    assert storage.store(contents(dict(reversed(base.items())))).fingerprint == first
    swapped = dict(zip(base, reversed(base.values()), strict=True))
    others = [contents(swapped), contents(base, 2.0), contents({**base, "a/test/1@1": np.array([3.0, 4.5])})]
    assert len({first, *(storage.store(other).fingerprint for other in others)}) == 4


def use(path: Path) -> None:
    """Reads a table whole."""
    storage.check(storage.read(path))


@shared_folder
@given(data=st.data())
def test_any_truncation_is_found(tmp_path: Path, intact: Path, data: st.DataObject) -> None:
    path = tmp_path / "cut.arrow"
    content = intact.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CorruptFileError):
        use(path)


@shared_folder
@given(data=st.data())
def test_any_flipped_bit_of_the_numbers_is_found(tmp_path: Path, intact: Path, data: st.DataObject) -> None:
    path = tmp_path / "flipped.arrow"
    column = storage.read(intact).columns[data.draw(st.sampled_from(["a/test/1@0", "a/test/1@1", "a/parameters"]))]
    damaged = bytearray(intact.read_bytes())
    start = damaged.index(column.data.tobytes())
    bit = data.draw(st.integers(0, 8 * column.data.nbytes - 1))
    damaged[start + bit // 8] ^= 1 << bit % 8
    path.write_bytes(damaged)
    stored = storage.read(path)
    with pytest.raises(CorruptFileError, match=f"Column '{column.name}' of .* does not have the checksum"):
        stored.columns[column.name].values()
    with pytest.raises(CorruptFileError):
        storage.check(stored)


@settings(shared_folder, max_examples=300)
@given(data=st.data())
def test_any_flipped_bit_anywhere_is_found_or_harmless(tmp_path: Path, intact: Path, data: st.DataObject) -> None:
    path = tmp_path / "t.arrow"
    expected = {name: column.values() for name, column in storage.read(intact).columns.items()}
    damaged = bytearray(intact.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8
    path.write_bytes(damaged)
    try:
        use(path)
    except CorruptFileError:
        return
    found = storage.read(path).columns
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name].values(), values)


def test_any_flipped_bit_of_the_footer_is_found_or_harmless(tmp_path: Path, intact: Path) -> None:
    path, content = tmp_path / "flipped.arrow", intact.read_bytes()
    expected = {name: column.values().tolist() for name, column in storage.read(intact).columns.items()}
    for bit in range(8 * content.rindex(b"a/parameters") - 3_000, 8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            use(path)
        except CorruptFileError:
            continue
        assert {name: column.values().tolist() for name, column in storage.read(path).columns.items()} == expected


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"no table at all", b"\0" * 5_000])
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.arrow"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"other\.arrow is not a whole compact table.*delete it and convert"):
        storage.read(path)


def test_another_arrow_file_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "other.arrow"
    batch = pa.record_batch({"a": [1.0]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as file:
        file.write_batch(batch)
    with pytest.raises(CorruptFileError, match="is not a whole compact table"):
        storage.read(path)


def test_another_format_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.arrow"
    monkeypatch.setattr(storage, "FORMAT", 99)
    storage.write(storage.store(contents({"a/b": np.ones(3)})), path)
    monkeypatch.undo()
    with pytest.raises(CorruptFileError, match="has format 99, and this version reads 2"):
        storage.read(path)


def test_a_missing_folder_is_made_and_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    stored = storage.store(contents({"a/b": np.ones(3)}))
    storage.write(stored, tmp_path / "new" / "t.arrow")
    assert storage.read(tmp_path / "new" / "t.arrow").fingerprint == stored.fingerprint
    (tmp_path / "file").touch()
    with pytest.raises(NasbenchError, match="Cannot write"):
        storage.write(stored, tmp_path / "file" / "t.arrow")


def test_numbers_stay_readable_when_the_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    storage.write(storage.store(contents({"a/b": np.arange(1_000) / 3})), path)
    old = storage.read(path)
    storage.write(storage.store(contents({"a/b": np.zeros(1_000)})), path)
    np.testing.assert_array_equal(old.columns["a/b"].values(), np.arange(1_000) / 3)


def test_an_edited_scale_is_found_when_the_table_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    storage.write(storage.store(TableContents("nats-tss", {"a/b": Column(np.ones(3), 100.0)})), path)
    content = path.read_bytes()
    assert b'"scale": 100.0' in content
    path.write_bytes(content.replace(b'"scale": 100.0', b'"scale": 100.1'))
    with pytest.raises(CorruptFileError, match="its description is damaged"):
        storage.read(path)
