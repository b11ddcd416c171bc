"""The command: every search finds what it found, and whatever is not so is told, with its place."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_ga.errors import CorruptFileError, NasbenchError, UnknownNameError
from nasbench_ga.files import read_json, write_json
from nasbench_ga.regress import RegressConfig, main, passed, regress
from nasbench_ga.regression import GoldenFolder, Here, Selection, Status, survey
from nasbench_ga.search import searches
from nasbench_ga.tables import CATALOG
from tests.test_readme import PLUGIN

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "results" / "golden"
HERE = "nats-tss@analog-nas.json"
ONE = ("--space", "nats-tss", "--table", "analog-nas", "--fitness", "accuracy", "--algorithm", "genetic")
"""The quickest selection on the package's own table: a single case."""
NAME = "genetic x accuracy, cifar10"


def command(folder: Path, *arguments: str, hash_seed: str = "7") -> str:
    environment = os.environ | {"NASBENCH_GA_DATA": "", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-m", "nasbench_ga.regress", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with no data but what reading the package's own table leaves there, and a golden value of `ONE`."""
    folder = tmp_path_factory.mktemp("workplace")
    command(folder, *ONE, "--golden", "made", "--update")
    return folder


@pytest.fixture
def only_the_packages_own(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other data than the package's own table."""
    monkeypatch.setenv("NASBENCH_GA_DATA", "")
    monkeypatch.chdir(workplace)


@pytest.fixture
def everything(published: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tables, and the scores that the project computed."""
    for name in ("nb101_108.parquet", "nats_tss.parquet", "nats_sss.parquet"):
        published(name)
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{ROOT / 'data'}{os.pathsep}{os.environ['NASBENCH_GA_DATA']}")
    monkeypatch.chdir(ROOT)


@pytest.fixture
def golden(workplace: Path, only_the_packages_own: None, tmp_path: Path) -> Path:
    """A folder with the golden value of `ONE`."""
    return shutil.copytree(workplace / "made", tmp_path / "golden")


def edited(golden: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    content = read_json(golden / HERE)
    edit(content)
    write_json(golden / HERE, content)


def compared(golden: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main([*ONE, "--golden", str(golden), *more])
    return status, capsys.readouterr().out


def test_every_search_has_its_golden_value_and_every_value_its_search(everything: None) -> None:
    found = survey(Selection(), GoldenFolder(GOLDEN).values, Here())
    assert not found.orphans
    assert not found.not_here
    assert not set(found.cases) ^ set(GoldenFolder(GOLDEN).values)
    assert {combination.algorithm for combination in found.cases} == set(searches)
    assert {"nb101", "nats-tss", "nats-sss", "analog-nas"} == {combination.table for combination in found.cases}
    names = {(one.space, one.name) for one in found.cases}
    assert {
        ("nb101", "nas-ea-fa (gcn) x accuracy, cifar10"),
        ("nats-tss", "nas-ea-fa (gcn) x accuracy, cifar10"),
    } < names
    assert ("nats-tss", "genetic x naswt (nats-tss-cifar10-128-seed0), cifar100") in names


@pytest.mark.parametrize(("space", "table"), [("foo", "analog-nas"), ("nats-tss", "bar"), ("foo", "bar")])
def test_golden_values_of_what_nobody_knows_are_orphans(
    space: str, table: str, only_the_packages_own: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((GOLDEN / HERE).read_text())
    content["searches"] = {name: own | {"space": space, "table": table} for name, own in content["searches"].items()}
    write_json(tmp_path / f"{space}@{table}.json", content)
    quick = ["--fitness", "accuracy", "--algorithm", "random", "--golden", str(tmp_path)]
    assert main(quick) == 1
    assert "a golden value without a search: There is no" in capsys.readouterr().out


def test_a_golden_file_under_another_name_is_refused(
    only_the_packages_own: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(GOLDEN / HERE, tmp_path / "foo@bar.json")
    assert main([*ONE, "--golden", str(tmp_path)]) == 1
    assert f"foo@bar.json holds golden values that belong into {tmp_path / HERE}" in capsys.readouterr().err


def test_the_packages_own_table_alone(only_the_packages_own: None, capsys: pytest.CaptureFixture[str]) -> None:
    quick = ["--fitness", "accuracy", "--algorithm", "genetic", "random", "--golden", str(GOLDEN)]
    assert main(quick) == 0
    output = capsys.readouterr().out
    assert output.count("agrees") == 4  # two spaces, two algorithms
    absent = [name for name in ("nb101", "nats-tss", "nats-sss") if f"Table {name!r} is in none of" in output]
    assert absent == ["nb101", "nats-tss", "nats-sss"]
    assert re.search(r"4 agree, \d+ golden values could not be compared here; \d+ s", output)
    assert main([*quick, "--require-all"]) == 1


def test_stored_scores_that_are_not_here_are_said_to_be_so(only_the_packages_own: None) -> None:
    given = regress(RegressConfig(table=("analog-nas",), fitness=("naswt",), algorithm=("random",), golden=GOLDEN))
    by_scores = {(verdict.combination.scores is not None, verdict.status) for verdict in given}
    assert by_scores == {(False, Status.AGREES), (True, Status.NOT_HERE)}


def test_what_was_updated_agrees(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (golden / HERE).read_bytes()
    status, output = compared(golden, capsys)
    assert status == 0
    assert re.search(rf"agrees +\d+\.\d s +nats-tss in analog-nas: {NAME}", output)
    status, output = compared(golden, capsys, "--update")
    assert status == 0
    assert "Written: nothing" in output
    assert (golden / HERE).read_bytes() == before


def test_a_change_is_found_and_its_place_told(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(content: dict[str, Any]) -> None:
        repeat = content["searches"][NAME]["repeats"][1]
        parts = repeat["evaluated"].split()
        repeat |= {"evaluated": " ".join([*parts[:3], "00000000", *parts[4:]]), "best_id": repeat["best_id"] + 1}

    was = read_json(golden / HERE)["searches"][NAME]["repeats"][1]
    edited(golden, change)
    status, output = compared(golden, capsys)
    assert status == 1
    assert "DIFFERS" in output
    assert "repeat 1: other cells among evaluations 151 to 200" in output
    assert "the 150 before them are the same" in output
    assert f"repeat 1: best_id {was['best_id'] + 1} -> {was['best_id']}" in output
    assert "repeat 0" not in output
    assert "with the very same versions and processor, so the code is what changed" in output

    status, output = compared(golden, capsys, "--update")
    assert status == 0
    assert f"best_id {was['best_id'] + 1} -> {was['best_id']}" in output
    assert "1 moved" in output
    assert read_json(golden / HERE)["searches"][NAME]["repeats"][1] == was
    assert compared(golden, capsys)[0] == 0


def test_the_last_digit_of_a_table_counts(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(content: dict[str, Any]) -> None:
        repeat = content["searches"][NAME]["repeats"][0]
        repeat["best_value"] *= 1 + 1e-15

    edited(golden, change)
    assert compared(golden, capsys)[0] == 1


def test_the_versions_that_are_others_are_named(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(content: dict[str, Any]) -> None:
        for environment in content["made_in"].values():
            environment["numpy"] = "1.0"
        content["searches"][NAME]["repeats"][0]["best_step"] += 1

    edited(golden, change)
    status, output = compared(golden, capsys)
    assert status == 1
    assert "made with other versions, which may be why: numpy 1.0, here " in output
    assert "xgboost" not in output


def test_a_missing_golden_value_fails(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = compared(golden, capsys, "--algorithm", "genetic", "random")
    assert status == 1
    assert "MISSING" in output
    (golden / HERE).unlink()
    assert compared(golden, capsys)[0] == 1


def test_an_orphan_fails_until_an_update_removes_it(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(content: dict[str, Any]) -> None:
        orphan = content["searches"][NAME] | {"surrogate": "xgboost"}
        content["searches"]["genetic (xgboost) x accuracy, cifar10"] = orphan
        content["searches"]["random x accuracy, cifar10"] = content["searches"][NAME] | {"algorithm": "random"}

    edited(golden, change)
    status, output = compared(golden, capsys)
    assert status == 1
    assert "ORPHAN" in output
    assert "genetic (xgboost) x accuracy, cifar10" in output
    status, output = compared(golden, capsys, "--update")
    assert status == 0
    assert "removed" in output
    assert set(read_json(golden / HERE)["searches"]) == {NAME, "random x accuracy, cifar10"}  # not selected, so kept
    assert compared(golden, capsys)[0] == 0


def test_an_algorithm_that_is_no_more_leaves_orphans(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(searches._entries, "genetic")
    config = RegressConfig(space=("nats-tss",), table=("analog-nas",), fitness=("accuracy",), golden=golden)
    orphans = [verdict for verdict in regress(config) if verdict.status is Status.ORPHANED]
    assert [verdict.combination.algorithm for verdict in orphans] == ["genetic"]
    assert "There is no algorithm 'genetic'" in orphans[0].details[0]


def test_a_search_that_fails_is_told_and_the_others_go_on(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(searches["random"], "ask", broken)
    config = RegressConfig(
        space=("nats-tss",),
        table=("analog-nas",),
        fitness=("accuracy",),
        algorithm=("random", "genetic"),
        golden=golden,
        update=True,
    )
    given = regress(config)
    status = {verdict.combination.algorithm: verdict.status for verdict in given}
    assert status == {"random": Status.FAILS, "genetic": Status.AGREES}
    assert "ZeroDivisionError: oh (test_regress.py" in next(v.details[0] for v in given if v.status is Status.FAILS)
    assert not passed(given)
    assert set(read_json(golden / HERE)["searches"]) == {NAME}


def test_another_edition_of_a_table_is_not_compared(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def of_another_file(content: dict[str, Any]) -> None:
        content["searches"][NAME]["table_read"] = {"fingerprint": "0" * 64, "source": "1" * 64}

    edited(golden, of_another_file)
    assert main([*ONE, "--golden", str(golden)]) == 1  # there is nothing else
    assert "another edition" in capsys.readouterr().err


def test_a_file_that_is_read_otherwise_differs(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def read_otherwise(content: dict[str, Any]) -> None:
        content["searches"][NAME]["table_read"]["fingerprint"] = "0" * 64

    edited(golden, read_otherwise)
    status, output = compared(golden, capsys)
    assert status == 1
    assert "its table is read otherwise: fingerprint 000000000000 -> " in output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not valid JSON"),
        (b"[1, 2]", "is no file of golden values"),
        (b'{"genetic": 1}', "is no file of golden values"),
        (None, "is a damaged file of golden values"),
    ],
)
def test_a_damaged_or_foreign_file_is_named(golden: Path, content: bytes | None, said: str) -> None:
    path = golden / HERE
    whole = read_json(path)
    del whole["searches"][NAME]["repeats"][0]["best_id"]
    path.write_bytes(json.dumps(whole).encode() if content is None else content)
    with pytest.raises(CorruptFileError, match=said) as error:
        regress(RegressConfig(golden=golden, update=True))
    assert str(path) in str(error.value)
    assert "--update" in str(error.value)


def test_what_was_asked_for_wrongly_is_one_sentence(golden: Path) -> None:
    for wrong in ({"space": ("nats",)}, {"table": ("nats",)}, {"fitness": ("acuracy",)}, {"algorithm": ("genetics",)}):
        with pytest.raises(UnknownNameError):
            regress(RegressConfig(golden=golden, **wrong))
    with pytest.raises(NasbenchError, match=r"no golden values at nowhere; make them with --update"):
        regress(RegressConfig(golden=Path("nowhere")))
    with pytest.raises(NasbenchError, match="nothing was compared"):
        regress(RegressConfig(golden=golden, table=("nb201",)))
    with pytest.raises(NasbenchError, match="nothing was compared"):
        regress(RegressConfig(golden=golden, space=("nb101",), table=("analog-nas",)))


def test_two_processes_write_the_same(workplace: Path, tmp_path: Path) -> None:
    command(workplace, *ONE, "--golden", str(tmp_path), "--update", hash_seed="1")
    assert (tmp_path / HERE).read_bytes() == (workplace / "made" / HERE).read_bytes()


def test_searches_of_others(workplace: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    own = ("--load", str(tmp_path / "mine.py"), "--golden", str(tmp_path / "golden"))
    selected = (*own, "--space", "widths", "--algorithm", "climber")
    made = command(workplace, *selected, "--update")
    assert "widths: climber x balanced" in made
    assert "widths: climber x accuracy" not in made  # there is no table of that
    assert "widths: climber x naswt" not in made  # nor a network
    assert {path.name for path in (tmp_path / "golden").iterdir()} == {"widths.json"}
    agreed = command(workplace, *selected)
    assert agreed.count("agrees") == made.count("new  ") == 1


def test_only_searches_with_a_part_of_theirs_are_taken(workplace: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    own = ("--load", str(tmp_path / "mine.py"), "--golden", str(tmp_path / "golden"))
    made = command(workplace, *own, "--space", "nats-tss", "--fitness", "accuracy", "--update")
    names = re.findall(r"analog-nas: (.*) x accuracy", made)
    assert sorted(names) == ["climber", "nas-ea-fa (nearest)"]


def test_the_catalogue_and_the_golden_values_agree_on_names() -> None:
    for combination in GoldenFolder(GOLDEN).values:
        assert combination.table in CATALOG
        assert GoldenFolder(GOLDEN).path_of(combination).exists()
