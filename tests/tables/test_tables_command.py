"""`python -m nasbench_ga.tables`, called in this process."""

from pathlib import Path

import numpy as np
import pytest

from nasbench_ga.spaces import get_space
from nasbench_ga.tables import CATALOG, Column, TableContents, storage
from nasbench_ga.tables.__main__ import main


@pytest.fixture(scope="module")
def parquet(published) -> Path:
    """A published file, found before any test changes the environment."""
    return published("nats_sss.parquet").resolve()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    return tmp_path


@pytest.fixture
def table(home: Path) -> Path:
    """A sound table of the size space."""
    space = get_space("nats-sss")
    return put(home / "data" / "nats-sss.arrow", np.linspace(0, 1, space.size), space.parameters(space.enumerate()))


def put(path: Path, accuracy: np.ndarray, parameters: np.ndarray) -> Path:
    columns = {"cifar10/ori-test/90@mean": Column(accuracy, 100.0), "cifar10/parameters": Column(parameters)}
    storage.write(storage.store(TableContents("nats-sss", columns, {"source": "made up"}, ("Made up.",))), path)
    return path


def assert_refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs a command that fails; gives its one line on stderr."""
    assert main(arguments) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    return shown.err


def test_list_names_every_table_and_where_it_is(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr()
    assert all(name in shown.out for name in CATALOG)
    assert "data/nats-sss.arrow" in shown.out
    assert "not here: fetch nb101" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("name", ["nats-sss", "data/nats-sss.arrow"])
def test_show_says_what_a_table_holds(table: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["show", name]) == 0
    shown = capsys.readouterr().out
    for expected in ("cifar10/ori-test/90", "32,768", "100.0000", "32767", "source: made up", "Note: Made up."):
        assert expected in shown


def test_check_says_what_was_found_right(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nats-sss"]) == 0
    shown = capsys.readouterr().out
    for expected in ("Checksums: 2 metrics", "between 0 and 100", "for all 32,768 cells", "nats-sss is sound"):
        assert expected in shown


def test_check_finds_a_damaged_number(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(table.read_bytes())
    content[content.index(storage.read(table).columns["cifar10/parameters"].data.tobytes())] ^= 1
    table.write_bytes(content)
    assert "'cifar10/parameters' of data/nats-sss.arrow does not have the checksum" in assert_refused(
        capsys, "check", "nats-sss"
    )


def test_check_finds_a_file_cut_short(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.write_bytes(table.read_bytes()[:1_000])
    assert "not a whole compact table" in assert_refused(capsys, "check", "nats-sss")


def test_check_finds_wrong_parameters(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parameters = storage.read(table).columns["cifar10/parameters"].data.copy()
    parameters[77] += 1
    put(table, np.zeros(len(parameters)), parameters)
    assert "cifar10/parameters of cell 77" in assert_refused(capsys, "check", "nats-sss")


@pytest.mark.parametrize("accuracy", [-0.01, 1.01])
def test_check_finds_accuracies_out_of_range(table: Path, capsys: pytest.CaptureFixture[str], accuracy: float) -> None:
    values = np.zeros(32_768)
    values[5] = accuracy
    put(table, values, storage.read(table).columns["cifar10/parameters"].data)
    assert "not between 0 and 100" in assert_refused(capsys, "check", "nats-sss")


def test_convert_a_published_file(parquet: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "nats-sss", str(parquet)]) == 0
    assert "data/nats-sss.arrow: 9 metrics of 32,768 cells" in capsys.readouterr().out
    assert main(["check", "nats-sss"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nb101"], "fetch nb101"),
        (["show", "nb-101"], "did you mean 'nb101'"),
        (["check", "nowhere.arrow"], "no table at nowhere.arrow"),
        (["convert", "../mine", "nowhere"], "nothing to convert at nowhere"),
        (["convert", "mine", "nowhere"], "nothing to convert at nowhere"),
        (["fetch", "nb-101"], "did you mean 'nb101'"),
    ],
)
def test_a_users_error_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert message in assert_refused(capsys, *arguments)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["show"]])
def test_a_wrong_command_line_is_a_usage_error(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_show_says_how_to_cite_a_published_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "analog-nas"]) == 0
    output = capsys.readouterr().out
    assert f"licence: {CATALOG['analog-nas'].licence}\n" in output
    assert f"cite: {CATALOG['analog-nas'].citation}\n" in output
