"""What importing brings along, each in a process of its own."""

import subprocess
import sys

import pytest

import nasbench_ga

HEAVY = {"torch", "pandas", "matplotlib", "scipy", "requests", "rich", "tyro"}
HEAVY |= {"joblib", "lightgbm", "sklearn", "torch_geometric", "xgboost"}


def imported_by(code: str) -> set[str]:
    """The top-level packages that are there after running some code."""
    report = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\nMODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.rpartition("MODULES")[2].split()}


def test_the_report_sees_what_is_imported() -> None:
    assert "decimal" in imported_by("import decimal")
    assert "decimal" not in imported_by("pass")


def test_importing_the_package_brings_nothing_heavy() -> None:
    imported = imported_by("import nasbench_ga")
    assert "nasbench_ga" in imported
    assert not imported & HEAVY


def test_data_sets_bring_nothing_heavy() -> None:
    assert not imported_by("import nasbench_ga.training") & (HEAVY | {"sklearn"})


def test_tables_need_no_torch() -> None:
    assert "torch" not in imported_by("import nasbench_ga.tables")


@pytest.mark.parametrize("command", ["run", "regress", "tables", "training"])
def test_help_brings_no_torch(command: str) -> None:
    run = f"runpy.run_module('nasbench_ga.{command}', run_name='__main__', alter_sys=True)"
    imported = imported_by(f"import runpy; sys.argv = ['x', '--help']; {run}")
    assert "tyro" in imported
    assert "torch" not in imported


@pytest.mark.parametrize("command", ["run", "regress", "tables", "training", "cli"])
def test_help_is_given(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", f"nasbench_ga.{command}", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "usage" in done.stdout.lower()
    assert done.stderr == ""


@pytest.mark.parametrize("name", nasbench_ga.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(nasbench_ga, name) is not None
    assert name in dir(nasbench_ga)


def test_public_names_are_sorted() -> None:
    assert sorted(nasbench_ga.__all__) == list(nasbench_ga.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        nasbench_ga.nothing  # noqa: B018
