"""Notebooks are stored as they were written, without what running them leaves; `make notebooks` runs them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def first_cell_in(folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """The first cell of a notebook, run in a folder; it then says where it is."""
    program = "".join(code_cells(path)[0]["source"]) + "\nprint(Path.cwd())"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The folders by which a notebook finds its way, with an outcome of the study."""
    for folder in ("nasbench_ga", "notebooks", "results/dervisi"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("runs.csv", "defects.csv"):
        (tmp_path / "results" / "dervisi" / file).touch()
    return tmp_path.resolve()


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) == 3


@every_notebook
def test_is_a_notebook(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))


@every_notebook
def test_nothing_is_left_of_running_it(path: Path) -> None:
    for cell in code_cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}


@every_notebook
def test_stays_the_same_when_saved_elsewhere(path: Path) -> None:
    notebook = json.loads(path.read_text())
    assert [cell["id"] for cell in notebook["cells"]] == [str(place) for place in range(len(notebook["cells"]))]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}


@every_notebook
def test_the_hook_has_nothing_to_strip(path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "nbstripout", "--verify", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@every_notebook
def test_every_code_cell_is_introduced(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert "".join(cells[0]["source"]).startswith("# ")
    assert all("".join(cell["source"]).strip() for cell in cells)


@every_notebook
@pytest.mark.parametrize("folder", [".", "notebooks"])
def test_goes_to_the_root_of_the_repository(path: Path, folder: str, repository: Path) -> None:
    assert first_cell_in(repository / folder, path).stdout.strip() == str(repository)


@pytest.mark.parametrize("file", ["runs.csv", "defects.csv"])
def test_the_report_of_a_study_that_was_not_run_says_what_to_do(file: str, repository: Path) -> None:
    (repository / "results" / "dervisi" / file).unlink()
    done = first_cell_in(repository, ROOT / "notebooks" / "study-report.ipynb")
    assert "make study" in done.stderr.splitlines()[-1]


@every_notebook
def test_the_readme_names_it(path: Path) -> None:
    assert f"(notebooks/{path.name})" in (ROOT / "README.md").read_text()
