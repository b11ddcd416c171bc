"""Where tables are looked for, their compact copies, and the published numbers in them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga.data_folders import search_folders
from nasbench_ga.errors import CorruptFileError, NasbenchError, TableNotFoundError, UnknownNameError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables import (
    Column,
    TableContents,
    choose_objective,
    convert,
    find,
    open_table,
    storage,
)
from nasbench_ga.tables.catalog import CATALOG

PARQUETS = {"nb101": "nb101_108.parquet", "nats-tss": "nats_tss.parquet", "nats-sss": "nats_sss.parquet"}


@pytest.fixture(scope="module")
def sources(published) -> dict[str, Path]:
    """Where the published files lie, found before any test changes the environment."""
    return {name: published(file_name).resolve() for name, file_name in PARQUETS.items()}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder without $NASBENCH_GA_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    return tmp_path


def put(path: Path, number: float = 1.0, space: str = "nb101") -> Path:
    """Puts a tiny compact table there that holds one number."""
    columns = {"cifar10/test/108@mean": Column(np.array([number]))}
    storage.write(storage.store(TableContents(space, columns)), path)
    return path


def number(name: str, path: Path | None = None) -> float:
    return open_table(name, path).values("cifar10/test/108")[0]


# --- Searching


def test_places_are_searched_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", os.pathsep.join(["first", "", "missing", "second"]))
    assert search_folders() == [Path("first"), Path("missing"), Path("second"), Path("data")]
    elsewhere = put(home / "elsewhere.arrow", 0.0)
    for rank, folder in enumerate(["first", "second", "data"], start=1):
        put(home / folder / "nb101.arrow", rank)
    assert number("nb101", elsewhere) == 0
    for rank, folder in enumerate(["first", "second", "data"], start=1):
        assert number("nb101") == rank
        (home / folder / "nb101.arrow").unlink()
    with pytest.raises(TableNotFoundError):
        open_table("nb101")


def test_the_package_comes_last(home: Path) -> None:
    installed = find("analog-nas").path
    assert installed.name == "data.anb"
    put(home / "data" / "analog-nas.arrow", 5.0, "nats-tss")
    assert find("analog-nas").path == Path("data/analog-nas.arrow")


def test_the_compact_table_comes_before_the_published_file(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "nb101_108.parquet").touch()
    assert find("nb101").path == Path("data/nb101_108.parquet")
    (home / "data" / "nasbench_only108.tfrecord").touch()
    assert find("nb101").path == Path("data/nasbench_only108.tfrecord")
    put(home / "data" / "nb101.arrow")
    assert find("nb101").path == Path("data/nb101.arrow")


def test_a_table_of_ones_own_is_found_by_its_name(home: Path) -> None:
    put(home / "data" / "mine.arrow", 3.0)
    assert number("mine") == 3


def test_an_unknown_name_lists_the_catalog() -> None:
    with pytest.raises(UnknownNameError, match="no table 'nb-101'; did you mean 'nb101'") as caught:
        open_table("nb-101")
    assert "analog-nas" in str(caught.value)


def test_a_table_that_is_nowhere_says_where_was_looked_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", "somewhere")
    with pytest.raises(TableNotFoundError, match=r"somewhere, data .*nasbench_only108.tfrecord.* fetch nb101"):
        open_table("nb101")


def test_a_path_where_nothing_is(home: Path) -> None:
    with pytest.raises(TableNotFoundError, match=r"no table at .*nothing\.arrow"):
        open_table("nb101", home / "nothing.arrow")


# --- Compact copies


@pytest.fixture
def source(home: Path, sources: dict[str, Path]) -> Path:
    """A published file, the smallest, in a place of its own."""
    path = home / "given" / "nats_sss.parquet"
    path.parent.mkdir()
    shutil.copyfile(sources["nats-sss"], path)
    return path


def copies(home: Path) -> list[Path]:
    return sorted((home / "data" / "compact").glob("*"))


def test_a_copy_is_made_and_used(home: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_table("nats-sss", source)
    (copy,) = copies(home)
    monkeypatch.setattr("nasbench_ga.tables.readers.read", None)
    again = open_table("nats-sss", source)
    assert again.fingerprint == first.fingerprint
    assert copies(home) == [copy]
    again.verify()


def test_the_copy_is_remade_when_the_source_changes(home: Path, source: Path) -> None:
    open_table("nats-sss", source)
    before = set(copies(home))
    os.utime(source, ns=(1, 1))
    open_table("nats-sss", source)
    assert len(set(copies(home)) - before) == 1


@pytest.mark.parametrize("content", [b"", b"not arrow"])
def test_a_damaged_copy_is_remade_with_a_warning(home: Path, source: Path, content: bytes) -> None:
    first = open_table("nats-sss", source)
    (copy,) = copies(home)
    copy.write_bytes(content)
    with pytest.warns(UserWarning, match="Converting .* again"):
        again = open_table("nats-sss", source)
    assert again.fingerprint == first.fingerprint
    assert storage.read(copy).fingerprint == first.fingerprint


def test_where_nothing_can_be_written_it_is_only_slower(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(stored: storage.StoredTable, path: Path) -> None:
        raise NasbenchError(f"Cannot write {path}: Read-only file system.")

    monkeypatch.setattr(storage, "write", refuse)
    with pytest.warns(UserWarning, match="Read-only file system.*converted each time"):
        table = open_table("nats-sss", source)
    assert len(table) == 32_768


def test_a_damaged_source_is_refused(source: Path) -> None:
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match=r"nats_sss\.parquet"):
        open_table("nats-sss", source)


def test_convert_makes_a_table_that_is_found(home: Path, source: Path) -> None:
    assert convert("mine", source) == Path("data/mine.arrow")
    assert open_table("mine").best("cifar10/ori-test/90")[1] == pytest.approx(93.65, abs=5e-3)


def test_convert_refuses_the_name_of_another_space_and_a_missing_source(source: Path) -> None:
    with pytest.raises(NasbenchError, match="of the space 'nats-sss', but 'nb101' is one of 'nb101'"):
        convert("nb101", source)
    with pytest.raises(TableNotFoundError, match="nothing to convert at nowhere"):
        convert("mine", "nowhere")


# --- Published numbers


@pytest.mark.parametrize(
    ("name", "metric", "optimum", "digits"),
    [
        ("nb101", "cifar10/test/108", 94.3175752957662, 6),
        ("nats-tss", "cifar10-valid/x-valid/200", 91.6067, 4),
        ("nats-tss", "cifar10-valid/ori-test/200", 91.5233, 4),
        ("nats-tss", "cifar10/ori-test/200", 94.3733, 4),
        ("nats-tss", "cifar100/x-valid/200", 73.4933, 4),
        ("nats-tss", "cifar100/x-test/200", 73.5133, 4),
        ("nats-tss", "ImageNet16-120/x-valid/200", 46.7333, 4),
        ("nats-tss", "ImageNet16-120/x-test/200", 47.3111, 4),
        ("nats-sss", "cifar10/ori-test/90", 93.65, 2),
        ("nats-sss", "cifar100/x-test/90", 71.34, 2),
        ("nats-sss", "ImageNet16-120/x-test/90", 47.40, 2),
    ],
)
def test_the_published_optima(sources: dict[str, Path], name: str, metric: str, optimum: float, digits: int) -> None:
    table = open_table(name, sources[name])
    assert len(table) == get_space(name).size
    row, value = table.best(metric)
    assert round(value, digits) == round(optimum, digits)
    if name == "nb101":
        best = get_space(name).enumerate()[row]
        assert get_space(name).decode(best).module_hash == "02e5a0247bbdcf2860b7e96f74961594"


@pytest.mark.parametrize(
    ("metric", "row"),
    [
        ("cifar10-valid/x-valid/200", 6_111),
        ("cifar10-valid/ori-test/200", 1_459),
        ("cifar100/x-valid/200", 9_930),
        ("cifar100/x-test/200", 9_930),
        ("ImageNet16-120/x-valid/200", 10_676),
        ("ImageNet16-120/x-test/200", 857),
    ],
)
def test_the_published_best_architectures(sources: dict[str, Path], metric: str, row: int) -> None:
    assert open_table("nats-tss", sources["nats-tss"]).best(metric)[0] == row


@pytest.mark.parametrize(
    ("name", "dataset", "search", "test"),
    [
        ("nb101", None, "cifar10/test/108", "cifar10/test/108"),
        ("nats-tss", None, "cifar10-valid/x-valid/200", "cifar10/ori-test/200"),
        ("nats-tss", "cifar100", "cifar100/x-valid/200", "cifar100/x-test/200"),
        ("nats-tss", "ImageNet16-120", "ImageNet16-120/x-valid/200", "ImageNet16-120/x-test/200"),
        ("nats-sss", None, "cifar10/ori-test/90", "cifar10/ori-test/90"),
    ],
)
def test_the_protocol_of_each_published_table(
    sources: dict[str, Path], name: str, dataset: str | None, search: str, test: str
) -> None:
    found = choose_objective(open_table(name, sources[name]), dataset)
    assert (found.search, found.test) == (search, test)
    assert found.searches_on_test == (search == test)


def test_analog_nas_comes_with_its_package() -> None:
    table = open_table("analog-nas")
    assert (len(table), table.space) == (15_625, "nats-tss")
    assert choose_objective(table).test == "cifar10/test/baseline"


def test_a_file_of_an_official_name_has_the_published_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = bytearray(CATALOG["analog-nas"].installed_file().read_bytes())
    content[content.index(b"G@", 2000) + 8] ^= 1
    (tmp_path / "data.anb").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"data\.anb has the SHA-256 .* pip install analog-nasbench"):
        open_table("analog-nas", tmp_path / "data.anb")
    with pytest.raises(CorruptFileError, match="its publisher states"):
        convert("analog-nas", tmp_path / "data.anb")
    assert open_table("mine", tmp_path / "data.anb").space == "nats-tss"


def test_a_table_has_a_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NasbenchError, match=r"plain name, not '\.\./mine'"):
        convert("../mine", CATALOG["analog-nas"].installed_file())


def test_a_table_of_another_space_under_a_name_of_the_catalog_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    convert("mine", CATALOG["analog-nas"].installed_file()).rename(tmp_path / "data" / "nb101.arrow")
    with pytest.raises(NasbenchError, match="is a table of the space 'nats-tss', which 'nb101' is not"):
        open_table("nb101")
