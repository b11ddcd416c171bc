"""Which files a record is made of."""

from __future__ import annotations

from pathlib import Path

CONFIG, EVALUATIONS, SUMMARY, CYCLES, ENVIRONMENT = (
    "config.json",
    "evaluations.parquet",
    "summary.json",
    "cycles.json",
    "environment.json",
)


def progress_folder(folder: Path) -> Path:
    """What is kept of an unfinished run, so that it can be gone on from."""
    return folder / "progress"


def state_file(folder: Path) -> Path:
    """The file that is there as long as a run is unfinished."""
    return progress_folder(folder) / "state.pickle"


def is_finished(folder: Path) -> bool:
    """Whether the record of a run is there and whole."""
    return (folder / ENVIRONMENT).exists() and not state_file(folder).exists()
