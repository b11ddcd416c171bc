"""The console script and what all commands do alike."""

import subprocess
import sys
from pathlib import Path

import pytest

from nasbench_ga import cli
from nasbench_ga.console import guarded
from nasbench_ga.errors import NasbenchError


def test_the_script_lists_its_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["nasbench-ga", "--help"])
    assert cli.main() == 0
    output = capsys.readouterr().out
    assert all(f"  {name}" in output for name in cli.COMMANDS)


def test_an_unknown_command_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["nasbench-ga", "rum"])
    assert cli.main() == 2
    assert "did you mean 'run'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_the_script_hands_over(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nasbench-ga", command, "--help"])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 0


def test_guarded_turns_errors_into_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(error: BaseException) -> None:
        raise error

    assert guarded(lambda: None) == 0
    assert guarded(lambda: fail(NasbenchError("expected this"))) == 1
    assert capsys.readouterr().err == "error: expected this\n"
    assert guarded(lambda: fail(KeyboardInterrupt())) == 130
    with pytest.raises(ZeroDivisionError):  # a defect of ours is not dressed up as the user's
        guarded(lambda: fail(ZeroDivisionError()))


def test_output_cut_off_by_its_reader_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m nasbench_ga.tables show analog-nas | true"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
