"""The command and its record: what is printed, what is written, and that no interruption shows in it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nasbench_ga as ng
from nasbench_ga import records, study
from nasbench_ga.errors import CorruptFileError, NasbenchError, RecordError, UnknownNameError
from nasbench_ga.fitness import TableAccuracy
from nasbench_ga.records import recorder
from nasbench_ga.run import main, run
from nasbench_ga.run_config import RunConfig
from nasbench_ga.search import Genetic, GeneticSettings

RECORD = (records.CONFIG, records.EVALUATIONS, records.SUMMARY)
SMALL = RunConfig(
    space="nats-tss", table="analog-nas", repeats=3, evaluations=350, genetic=GeneticSettings(population=50)
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RECORD}


def test_the_record_says_what_every_number_is() -> None:
    result = run(SMALL)
    evaluations, summary = result.evaluations, result.summary
    table = ng.open_table("analog-nas")
    space = ng.get_space("nats-tss")
    assert list(evaluations.columns[:7]) == ["repeat", "step", "generation", "id", "genotype", "value", "seconds"]
    assert set(evaluations.columns[7:]) == set(table.metrics)
    genotypes = np.stack(evaluations["genotype"].to_list())
    np.testing.assert_array_equal(space.identify(genotypes), evaluations["id"])
    np.testing.assert_array_equal(evaluations["value"], evaluations["cifar10/test/baseline"])
    for metric in table.metrics:
        np.testing.assert_array_equal(evaluations[metric], table.lookup(evaluations["id"].to_numpy(), metric))
    best = evaluations.loc[evaluations.groupby("repeat")["value"].idxmax()]
    np.testing.assert_array_equal(summary["best_value"], best["value"])
    np.testing.assert_array_equal(summary["best_step"], best["step"])
    np.testing.assert_array_equal(summary["unique_cells"], evaluations.groupby("repeat")["id"].nunique())
    np.testing.assert_array_equal(summary["evaluations"], [350] * 3)
    optimum = table.best("cifar10/test/baseline")[1]
    np.testing.assert_allclose(summary["regret cifar10/test/baseline"], optimum - summary["best_value"])
    assert summary["seconds"].isna().all()  # the table has no times, so there are none
    assert result.best == space.decode(genotypes[best["value"].idxmax()])
    assert (result.folder / "best-so-far.png").read_bytes().startswith(b"\x89PNG")


def test_the_configuration_and_environment_are_recorded() -> None:
    folder = run(SMALL).folder
    config = json.loads((folder / records.CONFIG).read_text())
    assert config["seed"] == 0
    assert config["settings"]["population"] == 50
    assert config["objective"]["search"] == "cifar10/test/baseline"
    assert "random" not in config
    assert config["table"]["fingerprint"] == ng.open_table("analog-nas").fingerprint
    environment = json.loads((folder / records.ENVIRONMENT).read_text())
    assert environment["packages"]["numpy"] == np.__version__
    assert len(environment["repeat_wall_seconds"]) == 3
    assert not (folder / "progress").exists()


def test_two_runs_of_one_configuration_write_the_same_record() -> None:
    first = contents(run(SMALL).folder)
    assert contents(run(SMALL).folder) == first
    assert contents(run(replace(SMALL, results=Path("elsewhere"))).folder) == first
    assert contents(run(replace(SMALL, seed=1)).folder)[records.EVALUATIONS] != first[records.EVALUATIONS]


def test_another_process_writes_the_same_record() -> None:
    command = [
        sys.executable,
        "-m",
        "nasbench_ga.run",
        "--space",
        "nats-tss",
        "--table",
        "analog-nas",
        "--repeats",
        "3",
    ]
    command += ["--evaluations", "350", "--genetic.population", "50", "--results", "other"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "7"}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert contents(Path("other")) == contents(run(SMALL).folder)


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_a_run_that_breaks_off_resumes_to_the_same_record(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(run(replace(SMALL, results=Path("whole"))).folder)
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0)
    advance, calls = study.Study.advance, []

    def breaking(self: study.Study) -> study.Rows:
        calls.append(None)
        if len(calls) > rounds:
            raise OSError("the machine is gone")
        return advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(study.Study, "advance", breaking)
        with pytest.raises((OSError, NasbenchError), match="gone"):
            run(broken)
    assert not (broken.results / records.SUMMARY).exists()
    with pytest.raises(RecordError, match="unfinished run; go on with --resume"):
        run(broken)
    assert contents(run(replace(broken, resume=True)).folder) == whole


PLUGIN = """
import time
import numpy as np
import nasbench_ga as ng

@ng.register_fitness("slow-parameters")
def slow_parameters(context):
    def fitness(genotypes):
        time.sleep(0.02)
        value = context.space.parameters(genotypes).astype(float)
        return ng.Evaluation(value, np.full(len(value), 0.5), {"half": value / 2})
    return fitness
"""


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_the_record_is_that_of_an_uninterrupted_run() -> None:
    Path("plugin.py").write_text(PLUGIN)
    command = [sys.executable, "-m", "nasbench_ga.run", "--space", "nats-tss", "--fitness", "slow-parameters"]
    command += [
        "--load",
        "plugin.py",
        "--repeats",
        "2",
        "--evaluations",
        "20000",
        "--checkpoint-seconds",
        "0",
        "--resume",
    ]
    subprocess.run([*command, "--results", "whole"], check=True, capture_output=True)
    state, moments = Path("killed/progress/state.pickle"), random.Random(0)
    for _ in range(5):
        before = state.stat().st_mtime_ns if state.exists() else 0
        process = subprocess.Popen([*command, "--results", "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while not state.exists() or state.stat().st_mtime_ns == before:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    subprocess.run([*command, "--results", "killed"], check=True, capture_output=True)
    assert contents(Path("killed")) == contents(Path("whole"))
    assert "half" in pd.read_parquet("killed/evaluations.parquet")
    assert not list(Path("killed").glob(".*.tmp"))


def test_results_of_another_configuration_are_refused_and_left_alone() -> None:
    folder = run(replace(SMALL, results=Path("mine"))).folder
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for other in (
        replace(SMALL, seed=5),
        replace(SMALL, genetic=GeneticSettings(population=20)),
    ):
        with pytest.raises(RecordError, match="another configuration"):
            run(replace(other, results=folder))
    with pytest.raises(RecordError, match=r"it differs in settings\.population"):
        run(replace(SMALL, genetic=GeneticSettings(population=20), results=folder))
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_of_something_else_is_refused() -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter.tex").write_text("words")
    with pytest.raises(RecordError, match="no record of a run"):
        run(replace(SMALL, results=Path("thesis")))
    assert [path.name for path in Path("thesis").iterdir()] == ["chapter.tex"]


def test_a_file_where_the_results_folder_should_be_is_one_sentence() -> None:
    Path("taken").write_text("")
    with pytest.raises(NasbenchError, match="taken"):
        run(replace(SMALL, results=Path("taken")))


def test_two_processes_cannot_write_one_folder() -> None:
    from filelock import FileLock

    Path("shared").mkdir()
    with FileLock("shared/.lock"), pytest.raises(RecordError, match="Another process is writing"):
        run(replace(SMALL, results=Path("shared")))


@pytest.mark.parametrize("damage", ["truncate", "flip", "foreign pickle"])
def test_damaged_progress_is_named_and_not_gone_on_from(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(records.Recorder, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(broken)
    state, part = Path("broken/progress/state.pickle"), Path("broken/progress/rows-000000.arrow")
    if damage == "truncate":
        part.write_bytes(part.read_bytes()[:-40])
    elif damage == "flip":
        state.write_bytes(b"\xff" + state.read_bytes()[1:])
    else:
        state.write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(CorruptFileError, match="broken"):
        run(replace(broken, resume=True))
    assert not Path("hacked").exists()


@pytest.mark.parametrize("where", ["fitness", "tell"])
def test_an_interruption_in_the_midst_of_a_step_resumes_to_the_same_record(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(run(replace(SMALL, results=Path("whole"))).folder)
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0)
    owner, name = {"fitness": (TableAccuracy, "__call__"), "tell": (Genetic, "tell")}[where]
    original, calls = getattr(owner, name), []

    def interrupted(self: Any, *arguments: Any) -> Any:
        calls.append(None)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(broken)
    assert contents(run(replace(broken, resume=True)).folder) == whole


@pytest.mark.parametrize("step", ["draw", "write_parquet", "rmtree"])
def test_a_run_killed_while_it_finishes_resumes_to_the_same_record(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(run(replace(SMALL, results=Path("whole"))).folder)
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    owner = {"draw": sys.modules["nasbench_ga.run"], "write_parquet": recorder, "rmtree": recorder.shutil}[step]
    with monkeypatch.context() as patch:
        if step == "rmtree":  # the state is gone by then, the parts are not
            patch.setattr(owner, step, lambda path, **_: (path / "rows-000000.arrow").exists() and killed())
        else:
            patch.setattr(owner, step, killed)
        with pytest.raises(KeyboardInterrupt):
            run(broken)
    result = run(replace(broken, resume=True))
    assert contents(result.folder) == whole
    assert (result.folder / "best-so-far.png").exists()
    assert not (result.folder / "progress").exists() or step == "rmtree"


def test_a_finished_run_is_not_made_again_when_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--space",
        "nats-tss",
        "--table",
        "analog-nas",
        "--repeats",
        "2",
        "--evaluations",
        "200",
        "--results",
        "r",
    ]
    assert main(arguments) == 0
    first, before = capsys.readouterr().out, {path: path.read_bytes() for path in Path("r").iterdir()}
    assert main([*arguments, "--resume"]) == 0
    assert capsys.readouterr().out == first
    assert {path: path.read_bytes() for path in Path("r").iterdir()} == before


def test_a_search_that_could_not_be_resumed_says_so_at_once() -> None:
    Path("ages.py").write_text(
        "import collections\nimport nasbench_ga as ng\nfrom nasbench_ga.search import RandomSearch\n"
        "@ng.register_search('ages')\nclass Ages(RandomSearch):\n"
        "    def tell(self, genotypes, values):\n        self.queue = collections.deque(values)\n"
    )
    config = replace(SMALL, algorithm="ages", load=(Path("ages.py"),), checkpoint_seconds=0.0)
    with pytest.raises(NasbenchError, match=r"collections\.deque.*could not be resumed"):
        run(config)


def test_an_edited_plugin_is_another_configuration() -> None:
    Path("mine.py").write_text(PLUGIN.replace("slow-parameters", "edited-1"))
    config = RunConfig("nats-sss", "edited-1", repeats=1, evaluations=50, load=(Path("mine.py"),), results=Path("r"))
    run(config)
    Path("mine.py").write_text(PLUGIN.replace("slow-parameters", "edited-2").replace("value / 2", "value / 4"))
    with pytest.raises(RecordError, match=r"it differs in fitness, load\.mine\.py"):
        run(replace(config, fitness="edited-2"))


def test_two_plugins_of_one_name_are_both_recorded() -> None:
    for number, folder in enumerate(("a", "b")):
        Path(folder).mkdir()
        Path(folder, "mine.py").write_text(PLUGIN.replace("slow-parameters", f"twin-{number}"))
    config = RunConfig("nats-sss", "twin-1", repeats=1, evaluations=20, load=(Path("a/mine.py"), Path("b/mine.py")))
    recorded = json.loads((run(config).folder / records.CONFIG).read_text())["load"]
    assert sorted(recorded) == ["a/mine.py", "b/mine.py"]


@pytest.mark.parametrize("code", ["def broken(:", "1 / 0", "import no_such_module"])
def test_a_plugin_that_fails_is_one_sentence(code: str) -> None:
    Path("bad.py").write_text(code)
    for _ in range(2):
        with pytest.raises(NasbenchError, match=r"bad\.py fails when it is loaded: \w+Error"):
            run(replace(SMALL, load=(Path("bad.py"),)))


def test_a_table_of_another_space_is_refused_whatever_the_fitness(published: Callable[[str], Path]) -> None:
    Path("own.py").write_text(PLUGIN.replace("slow-parameters", "own-parameters"))
    config = RunConfig("nats-tss", "own-parameters", evaluations=50, load=(Path("own.py"),))
    with pytest.raises(NasbenchError, match="is of the space 'nats-sss', not of 'nats-tss'"):
        run(replace(config, table=str(published("nats_sss.parquet"))))


def test_what_is_no_accuracy_is_not_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("own.py").write_text(PLUGIN.replace("slow-parameters", "plain-parameters"))
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--fitness", "plain-parameters", "--load", "own.py"]
    assert main([*arguments, "--repeats", "2", "--evaluations", "100"]) == 0
    output = capsys.readouterr().out
    assert "plain-parameters" in output
    assert "optimistic" not in output
    assert "Measured seconds: measured;" in output
    assert "simulated" not in output


def test_seconds_alone_are_the_budget(published: Callable[[str], Path]) -> None:
    path = str(published("nats_tss.parquet"))
    result = run(RunConfig("nats-tss", table=path, repeats=1, seconds=3e7))
    assert result.summary["evaluations"][0] > 10_000
    assert 3e7 - 4000 < result.summary["seconds"][0] <= 3e7


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_of_what_is_kept_for_resuming_is_found(data: st.DataObject) -> None:
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0, resume=True)
    if not Path("broken").exists():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(records.Recorder, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                run(broken)
    path = Path("broken/progress") / data.draw(
        st.sampled_from(["state.pickle", "rows-000000.arrow", "rows-000003.arrow"])
    )
    whole = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << bit % 8
    path.write_bytes(damaged)
    try:
        with pytest.raises(CorruptFileError, match=r"checksum.*delete broken and run again"):
            run(broken)
    finally:
        path.write_bytes(whole)


def test_a_run_that_is_refused_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--space", "nats-tss", "--table", "analog-nas", "--seconds", "1000", "--results", "r"]) == 1
    assert "needs the cost" in capsys.readouterr().err
    assert not Path("r").exists()


def test_cells_without_numbers_are_no_results(
    published: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from nasbench_ga.tables import convert

    table = str(convert("some", published("nb101/nasbench_only108_300.tfrecord")))
    assert main(["--table", table, "--repeats", "2", "--evaluations", "5"]) == 0
    assert "No evaluated cell has a number" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminals_that_cannot_write_everything_get_the_rest(encoding: str) -> None:
    command = [sys.executable, "-m", "nasbench_ga.run", "--space", "nats-tss", "--table", "analog-nas"]
    command += ["--repeats", "2", "--evaluations", "60"]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Best cell" in done.stdout


def test_a_full_disk_behind_the_output_is_one_sentence() -> None:
    command = f"{sys.executable} -m nasbench_ga.tables list > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == "error: No space left on device\n"
    assert done.returncode == 1


def test_configurations_take_what_python_has_and_refuse_nonsense() -> None:
    config = RunConfig(results="r", load=("a.py",), repeats=np.int64(3), seed=np.uint8(2))
    assert (config.results, config.load, config.repeats, config.seed) == (Path("r"), (Path("a.py"),), 3, 2)
    json.dumps([config.repeats, config.seed])
    for nonsense in ({"repeats": "3"}, {"repeats": 1.5}, {"seed": None}, {"evaluations": 2.0}):
        with pytest.raises(NasbenchError, match="is an integer, not"):
            RunConfig(**nonsense)
    with pytest.raises(NasbenchError, match="checkpoint_seconds is 0 or more, not nan"):
        RunConfig(checkpoint_seconds=float("nan"))


def test_too_much_at_a_time_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--algorithm", "random"]
    assert main([*arguments, "--random.batch", "100000000000"]) == 1
    assert "not enough memory" in capsys.readouterr().err
    assert main([*arguments, "--repeats", "99999999999"]) == 1
    assert "at most 1,000,000" in capsys.readouterr().err


def test_damaged_records_are_named_when_read() -> None:
    result = run(replace(SMALL, results=Path("mine")))
    path = result.folder / records.EVALUATIONS
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match=r"evaluations\.parquet is damaged"):
        records.read_evaluations(result.folder)
    (result.folder / records.SUMMARY).write_text("{")
    with pytest.raises(CorruptFileError, match=r"summary\.json is not valid JSON"):
        records.read_summary(result.folder)
    with pytest.raises(RecordError, match="no finished record"):
        records.read_summary(Path("nowhere"))


def test_the_command_prints_one_table_and_names_the_best_cell(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--repeats", "3", "--evaluations", "500"]
    assert main(arguments) == 0
    output = capsys.readouterr().out
    for expected in ("repeat", "mean", "sd", "(regret)", "evaluations", "unique", "simulated", "wall", "baseline"):
        assert expected in output
    assert "Best cell: number" in output
    assert "|nor_conv_3x3~0|+|" in output
    assert "its results are optimistic" in output
    assert "not simulated, as the table holds no training times" in output
    assert output.count("\n       0  ") == output.count("\n       2  ") == 1


def test_many_repeats_are_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--space", "nats-tss", "--table", "analog-nas", "--repeats", "31", "--evaluations", "100"]) == 0
    output = capsys.readouterr().out
    assert "median" in output
    assert "Each of the 31 repeats is in" in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--space", "nats-ts"], "did you mean 'nats-tss'? Choose from: "),
        (["--algorithm", "genetics"], "did you mean 'genetic'?"),
        (["--fitness", "acuracy"], "did you mean 'accuracy'?"),
        (["--table", "analog-nass"], "did you mean 'analog-nas'?"),
        (["--dataset", "cifar-10"], "did you mean 'cifar10'?"),
        (["--metric", "cifar10/test/baselin"], "did you mean 'cifar10/test/baseline'?"),
        (["--metric", "accuracy"], "A metric is named dataset/split/epochs"),
        (["--metric", "cifar10/test/baseline@0"], "There is no seed '0' of cifar10/test/baseline"),
        (["--test-metric", "cifar10/test/109"], "There is no metric"),
        (["--space", "nb101"], "is of the space 'nats-tss', not of 'nb101'"),
        (["--repeats", "0"], "at least 1 repeat"),
        (["--evaluations", "0"], "is positive and finite, not 0"),
        (["--seconds", "1000"], "needs the cost of every evaluation"),
        (["--load", "nowhere.py"], "--load expects Python files"),
        (["--table", "broken.arrow"], "broken.arrow is not a whole compact table"),
        (["--genetic.crossover", "k-point", "--genetic.crossover-points", "6"], "1 to 5 points, not 6"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.arrow").write_bytes(b"ARROW1\0\0 and then nothing")
    given = {"--space": "nats-tss", "--table": "analog-nas", "--evaluations": "100"}
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert main([word for pair in given.items() for word in pair]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert expected in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not Path("results").exists() or not list(Path("results").rglob("summary.json"))


@pytest.mark.parametrize("arguments", [["--repeats", "many"], ["--genetic.tournament", "2"], ["--popultion", "3"]])
def test_bad_options_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "--help" in capsys.readouterr().err


def test_an_interruption_keeps_what_was_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = contents(run(replace(SMALL, results=Path("whole"))).folder)
    advance, calls = study.Study.advance, []

    def interrupted(self: study.Study) -> study.Rows:
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return advance(self)

    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--repeats", "3", "--evaluations", "350"]
    arguments += ["--genetic.population", "50", "--results", "broken"]
    with monkeypatch.context() as patch:
        patch.setattr(study.Study, "advance", interrupted)
        assert main(arguments) == 130
    assert "with --resume" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0
    assert contents(Path("broken")) == whole


def test_validation_and_test_come_from_the_published_protocol(published: Callable[[str], Path]) -> None:
    path = str(published("nats_tss.parquet"))
    result = run(RunConfig(space="nats-tss", table=path, repeats=2, evaluations=1000))
    assert result.objective is not None
    assert (result.objective.search, result.objective.test) == ("cifar10-valid/x-valid/200", "cifar10/ori-test/200")
    table = ng.open_table("nats-tss", path)
    for _, row in result.summary.iterrows():
        assert row["best_value"] == row["cifar10-valid/x-valid/200"]
        assert row["cifar10/ori-test/200"] == table.lookup(np.array([row["best_id"]]), "cifar10/ori-test/200")[0]
        assert row["regret cifar10/ori-test/200"] == pytest.approx(94.373333 - row["cifar10/ori-test/200"], abs=1e-5)
    seconds = table.values("cifar10-valid/train-seconds/200")
    np.testing.assert_array_equal(result.evaluations["seconds"], seconds[result.evaluations["id"]])


def test_a_fitness_of_ones_own_and_no_table_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", "")
    Path("mine.py").write_text(PLUGIN.replace("slow-parameters", "my-parameters"))
    config = RunConfig(space="nats-sss", fitness="my-parameters", repeats=2, evaluations=300, load=(Path("mine.py"),))
    result = run(config)
    assert result.objective is None
    space = ng.get_space("nats-sss")
    assert result.summary["best_value"].max() == space.parameters(space.encode(result.best)[None])[0]
    assert result.evaluations["half"].max() == result.summary["best_value"].max() / 2
    assert (result.folder / "best-so-far.png").exists()


def test_the_best_nb101_cell_is_named_by_its_official_hash(
    published: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--table", str(published("nb101_108.parquet")), "--repeats", "2", "--evaluations", "2000"]
    assert main(arguments) == 0
    output = capsys.readouterr().out
    hashes = pd.read_parquet(published("nb101_108.parquet"), columns=["hash"])["hash"]
    number = int(output.split("Best cell: number ")[1].split()[0])
    assert f"module hash {hashes[number].hex()}, matrix [[0, 1" in output


@pytest.mark.slow
def test_searches_find_what_they_should_on_nb101(published: Callable[[str], Path]) -> None:
    """With the study's limit on raw edges, random search with 10,000 evaluations reaches 94.01 %, a working GA more."""
    table = str(published("nb101_108.parquet"))
    genetic, control = (
        run(RunConfig("nb101-raw9", table=table, algorithm=algorithm, repeats=50)).summary["cifar10/test/108"]
        for algorithm in ("genetic", "random")
    )
    assert control.mean() == pytest.approx(94.01, abs=0.04)
    assert genetic.mean() > control.mean() + 0.1
    assert genetic.max() <= 94.3175752957662 + 1e-9


def test_unknown_names_are_errors_from_python_too() -> None:
    with pytest.raises(UnknownNameError, match="nats-tss"):
        ng.run(RunConfig(space="nats-tsss"))


def test_run_is_a_function_and_a_module() -> None:
    import nasbench_ga.run

    assert ng.run is nasbench_ga.run
    assert ng.run(SMALL).summary["evaluations"].tolist() == [350] * 3
