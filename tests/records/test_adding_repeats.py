"""Repeats added to a finished record make the record of all of them, byte for byte, however they were interrupted."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nasbench_ga import NASEAFASettings, records
from nasbench_ga.errors import CorruptFileError, RecordError
from nasbench_ga.fitness import TableAccuracy
from nasbench_ga.records import recorder
from nasbench_ga.run import main, run
from nasbench_ga.run_config import RunConfig

GENETIC = RunConfig(space="nats-tss", table="analog-nas", repeats=5, evaluations=300, results=Path("mine"))
SURROGATE = replace(
    GENETIC, algorithm="nas-ea-fa", evaluations=40, nas_ea_fa=NASEAFASettings(population=10, top=6, farthest=4)
)
BOTH = pytest.mark.parametrize("config", [GENETIC, SURROGATE], ids=["genetic", "nas-ea-fa"])


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    names = (records.CONFIG, records.EVALUATIONS, records.SUMMARY, records.CYCLES)
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def _more(config: RunConfig, checkpoint_seconds: float = 0.0) -> RunConfig:
    return replace(config, resume=True, checkpoint_seconds=checkpoint_seconds)


@BOTH
def test_they_are_those_of_one_go(config: RunConfig) -> None:
    whole = contents(run(replace(config, results=Path("whole"))).folder)
    run(replace(config, repeats=2))
    run(replace(_more(config), repeats=3))
    assert contents(run(_more(config)).folder) == whole
    environment = json.loads(Path("mine", records.ENVIRONMENT).read_text())
    assert len(environment["repeat_wall_seconds"]) == 5
    assert [len(own["repeat_wall_seconds"]) for own in environment["earlier"]] == [2, 3]
    assert all(own["packages"] == environment["packages"] for own in environment["earlier"])


def test_nothing_is_evaluated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(GENETIC, repeats=2))
    known = set(records.read_record(Path("mine")).rows.id.tolist())
    asked: list[int] = []
    original = TableAccuracy.__call__

    def counted(self: Any, genotypes: Any) -> Any:
        asked.extend(self.space.identify(genotypes).tolist())
        return original(self, genotypes)

    monkeypatch.setattr(TableAccuracy, "__call__", counted)
    run(_more(GENETIC))
    assert asked
    assert not known & set(asked)


@BOTH
@pytest.mark.parametrize("checkpoint_seconds", [0.0, 1e9])
@pytest.mark.parametrize("step", ["advance", "write_json", "write_parquet", "draw", "rmtree"])
def test_interrupted_anywhere_they_are_those_of_one_go(
    config: RunConfig, step: str, checkpoint_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(run(replace(config, results=Path("whole"))).folder)
    run(replace(config, repeats=2))
    study = sys.modules["nasbench_ga.study"]
    owner: Any = {"advance": study.Study, "draw": sys.modules["nasbench_ga.run"], "rmtree": recorder.shutil}.get(
        step, recorder
    )
    original: Callable[..., Any] = getattr(owner, step)
    for nth in range(1, 6):
        calls: list[None] = []

        def killed(
            *arguments: Any, nth: int = nth, calls: list[None] = calls, original: Any = original, **options: Any
        ) -> Any:
            calls.append(None)
            if len(calls) == nth:
                raise KeyboardInterrupt
            return original(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(owner, step, killed)
            try:
                run(_more(config, checkpoint_seconds))
            except KeyboardInterrupt:
                _is_whole_or_refused()
                continue
        break
    assert contents(run(_more(config, checkpoint_seconds)).folder) == whole
    assert records.read_record(Path("mine")).repeats == 5


def _is_whole_or_refused() -> None:
    try:
        records.read_record(Path("mine"))
    except RecordError as error:
        assert "unfinished run; finish it first, with --resume" in str(error)  # noqa: PT017


def test_a_record_of_more_or_unfinished_repeats_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(GENETIC, repeats=3))
    before = contents(Path("mine"))
    with pytest.raises(RecordError, match=r"holds 3 repeats of this configuration, and 5 are wanted; add .* --resume"):
        run(GENETIC)
    with pytest.raises(RecordError, match="holds 3 repeats of this configuration, and 2 are wanted; choose another"):
        run(replace(_more(GENETIC), repeats=2))
    with pytest.raises(RecordError, match=r"another configuration \(it differs in repeats, seed\)"):
        run(replace(_more(GENETIC), seed=1))
    assert contents(Path("mine")) == before
    with monkeypatch.context() as patch:
        patch.setattr(records.Recorder, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(_more(GENETIC))
    with pytest.raises(RecordError, match=r"holds 5 repeats .* and 9 are wanted; finish those first, with --repeats 5"):
        run(replace(_more(GENETIC), repeats=9))


def test_evaluations_of_another_record_are_not_added_to() -> None:
    run(replace(GENETIC, repeats=2))
    run(replace(GENETIC, repeats=2, seed=1, results=Path("other")))
    Path("mine", records.EVALUATIONS).write_bytes(Path("other", records.EVALUATIONS).read_bytes())
    with pytest.raises(CorruptFileError, match=r"mine/summary\.json, repeat 0"):
        run(_more(GENETIC))


def test_damage_in_the_finished_repeats_is_told() -> None:
    run(replace(GENETIC, repeats=2))
    path = Path("mine", records.EVALUATIONS)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(CorruptFileError, match=r"mine/evaluations\.parquet is damaged"):
        run(_more(GENETIC))


@pytest.mark.parametrize("content", ["{}", "[]", '{"repeat_wall_seconds": 3}', "{"])
def test_a_damaged_environment_is_told(content: str) -> None:
    run(replace(GENETIC, repeats=2))
    Path("mine", records.ENVIRONMENT).write_text(content)
    for read in (lambda: run(_more(GENETIC)), lambda: records.read_record(Path("mine"))):
        with pytest.raises(CorruptFileError, match=r"mine/environment\.json"):
            read()


def test_a_damaged_configuration_is_told_with_what_to_do() -> None:
    run(replace(GENETIC, repeats=2))
    Path("mine", records.CONFIG).write_text("{")
    with pytest.raises(CorruptFileError, match=r"mine/config\.json is not valid JSON .* delete mine and run again"):
        run(replace(GENETIC, repeats=2))


def test_the_command_tells_of_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--evaluations", "200", "--results", "mine"]
    assert main([*arguments, "--repeats", "2"]) == 0
    first = [line for line in capsys.readouterr().out.splitlines() if line.strip()[:2] in ("0 ", "1 ")]
    assert main([*arguments, "--repeats", "4", "--resume"]) == 0
    output = capsys.readouterr().out
    assert all(line.split()[1] in output for line in first)
    rows = [line.split()[0] for line in output.splitlines() if line.strip()[:1].isdigit()]
    assert rows[:4] == ["0", "1", "2", "3"]
    assert len(records.read_summary(Path("mine"))) == 4
