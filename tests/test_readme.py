"""The README does what it says: its commands and its Python are run as they are written."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
SESSIONS = [
    session
    for kind, text in BLOCKS
    if kind == "bash" and (session := [line for line in text.splitlines() if line.startswith("python ")])
]
"""The commands of each block, which are given one after the other in one folder."""
PLUGIN = next(text for kind, text in BLOCKS if kind == "python" and "register_space" in text)
NOTEBOOK = "".join(text for kind, text in BLOCKS if kind == "python" and "register_space" not in text)


def run(arguments: list[str], folder: Path) -> str:
    environment = os.environ | {"NASBENCH_GA_DATA": "", "PYTHONPATH": str(README.parent)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("session", SESSIONS, ids="; ".join)
def test_commands(session: list[str], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    for command in session:
        output = run(shlex.split(command)[1:], tmp_path)
        if "nasbench_ga.run" in command:
            assert "Best cell" in output
            assert list(tmp_path.glob("results/runs/*/best-so-far.png"))


def test_the_notebook_part(tmp_path: Path) -> None:
    (tmp_path / "cell.py").write_text(NOTEBOOK)
    assert "|nor_conv" in run(["cell.py"], tmp_path)


def test_what_it_names_exists() -> None:
    text = README.read_text()
    for path in re.findall(r"\((results/[^)]+)\)", text):
        assert (README.parent / path).exists()
    for target in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert f"\n{target}:" in (README.parent / "Makefile").read_text()


def test_every_kind_of_block_was_found() -> None:
    assert sum(map(len, SESSIONS)) == 16
    assert "ng.run" in NOTEBOOK
