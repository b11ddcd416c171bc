"""The command that compares records: what is printed and written, and that bad input is one sentence."""

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

import nasbench_ga as ng
from nasbench_ga.compare import main
from nasbench_ga.errors import NasbenchError
from nasbench_ga.run_sets import NUMBERS, REPORT

Made = Callable[[str], Path]
PICTURES = ("distributions", "best-so-far-evaluations", "critical-difference", "generations")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def command(record: Made, *names: str, options: str = "") -> list[str]:
    return [*(str(record(name)) for name in names), *options.split()]


def test_it_prints_and_writes_everything(record: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(record, "random", "genetic", "surrogate", options="--out mine --same-within 0.5")) == 0
    output = capsys.readouterr().out
    for part in (
        "random, genetic and surrogate",
        "To keep in mind",
        "Budgets differ",
        "In short",
        "What the runs found",
    ):
        assert part in output
    assert "Report: mine/report.html" in output
    for name in (*PICTURES, "predicted-3-surrogate"):
        assert Path("mine", f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert Path("mine", f"{name}.pdf").read_bytes().startswith(b"%PDF")
    text = Path("mine", REPORT).read_text()
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert text.count("data:image/") == len(PICTURES) + 1


def test_the_numbers_are_those_of_the_records(record: Made) -> None:
    compared = ng.compare(ng.CompareConfig((record("random"), record("genetic"))))
    numbers = json.loads((compared.folder / NUMBERS).read_text(), parse_constant=pytest.fail)
    for name in ("random", "genetic"):
        summary = json.loads((record(name) / "summary.json").read_text())
        assert numbers["runs"][name] == [row[numbers["metric"]] for row in summary]
    (pair,) = numbers["pairs"]
    assert (pair["first"], pair["second"]) == ("random", "genetic")
    assert 0 <= pair["p"] <= pair["p_adjusted"] <= 1
    assert math.isclose(pair["median_first"], np.median(numbers["runs"]["random"]))
    assert compared.report.exists()


def test_the_same_comparison_writes_the_same_bytes(record: Made) -> None:
    config = ng.CompareConfig((record("random"), record("genetic")), names=("a", "b"))
    first = {path.name: path.read_bytes() for path in ng.compare(config).folder.iterdir()}
    assert {path.name: path.read_bytes() for path in ng.compare(config).folder.iterdir()} == first


def test_other_options_are_another_folder(record: Made) -> None:
    records = (record("random"), record("genetic"))
    folders = {ng.compare(ng.CompareConfig(records, evaluations=cost)).folder for cost in (None, 50, 100)}
    assert len(folders) == 3


def test_folders_of_one_name_get_the_name_of_the_folder_above(record: Made, capsys: pytest.CaptureFixture[str]) -> None:
    for above, name in (("a", "random"), ("b", "genetic")):
        shutil.copytree(record(name), Path(above, "run"))
    assert main(["a/run", "b/run"]) == 0
    assert "a/run and b/run" in capsys.readouterr().out


def test_sets_whose_names_are_in_another_script_have_pictures_of_their_own(record: Made) -> None:
    compared = ng.compare(ng.CompareConfig((record("surrogate"), record("surrogate-other")), names=("βάση", "νέο")))
    found = {path.name for path in compared.folder.glob("predicted-*.png")}
    assert found == {"predicted-1-set.png", "predicted-2-set.png"}


def test_a_folder_is_only_written_whole_and_never_over_something_else(
    record: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = (record("random"), record("genetic"), record("surrogate"))
    folder = ng.compare(ng.CompareConfig(three, out=Path("mine"))).folder
    (folder / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr("nasbench_ga.run_sets.writing.write_html", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(NasbenchError, match="Cannot write mine: full"):
            ng.compare(ng.CompareConfig(three[:2], out=Path("mine")))
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    ng.compare(ng.CompareConfig(three[:2], out=Path("mine")))
    assert not (folder / "predicted-3-surrogate.png").exists()
    assert (folder / "notes.txt").read_text() == "mine"
    with FileLock(folder / ".lock"), pytest.raises(NasbenchError, match="Another process is writing mine"):
        ng.compare(ng.CompareConfig(three[:2], out=Path("mine")))
    with pytest.raises(NasbenchError, match="is not empty and no comparison"):
        ng.compare(ng.CompareConfig(three[:2], out=record("random")))
    Path("file").write_text("")
    with pytest.raises(NasbenchError, match="file is a file; choose a folder"):
        ng.compare(ng.CompareConfig(three[:2], out=Path("file")))


@pytest.mark.parametrize(
    ("options", "said", "status"),
    [
        ("--names one", "a name for each of 2 records, got 1", 2),
        ("--evaluations 10 --seconds 10", "--evaluations or --seconds, got both", 2),
        ("--evaluations 0", "evaluations is positive, not 0", 2),
        ("--evaluations 301", "ended before", 1),
        ("--metric cifar10/test/analogue", "There is no accuracy 'cifar10/test/analogue'", 1),
        ("--level 2", "a level of significance between 0 and 1", 1),
        ("--same-within -1", "a positive margin", 1),
        ("--seconds 10", "seconds of every evaluation", 1),
    ],
)
def test_bad_options_are_told(
    options: str, said: str, status: int, record: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(command(record, "random", "genetic", options=options))
    except SystemExit as stopped:  # what tyro says of options that cannot be meant together
        found = stopped.code
    captured = capsys.readouterr()
    assert found == status
    assert said in " ".join(captured.err.replace("│", " ").split())
    assert "Traceback" not in captured.err
    assert not Path("results").exists()


def test_bad_records_are_one_sentence(record: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(record("random")), "nowhere"]) == 1
    assert "nowhere is no folder" in capsys.readouterr().err
    assert main([str(record("random"))]) == 1
    assert "2 to 18 records" in capsys.readouterr().err
    assert main(command(record, "random", "single")) == 1
    assert "at least two runs of single" in capsys.readouterr().err


def test_a_damaged_record_names_the_file_and_the_row(
    record: Made,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("hurt").mkdir()
    for path in record("random").glob("*.*"):
        Path("hurt", path.name).write_bytes(path.read_bytes())
    table = pq.read_table("hurt/evaluations.parquet")
    steps = table["step"].to_numpy().copy()
    steps[41] = 7
    place = table.schema.get_field_index("step")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(steps)), "hurt/evaluations.parquet")
    assert main([str(record("genetic")), "hurt"]) == 1
    assert "hurt/evaluations.parquet, row 41 (from 0): the step is 7, where step 41 is" in capsys.readouterr().err


def test_a_name_is_only_a_name(record: Made) -> None:
    hostile = ("<script>alert(1)</script>", "a|b $x_1$")
    compared = ng.compare(ng.CompareConfig((record("random"), record("genetic")), names=hostile))
    text = compared.report.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_configuration_takes_what_python_has(record: Made) -> None:
    config = ng.CompareConfig([str(record("random")), record("genetic")], names=["a", "b"], out="there")
    assert ng.compare(config).folder == Path("there")
    with pytest.raises(NasbenchError, match="a name for each"):
        ng.CompareConfig((record("random"),), names=("a", "b"))
    with pytest.raises(NasbenchError, match="several records, got one path"):
        ng.CompareConfig("a/record")
