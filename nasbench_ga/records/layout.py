"""Which files a record is made of."""

from __future__ import annotations

from pathlib import Path

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import read_json

CONFIG, EVALUATIONS, SUMMARY, CYCLES, TRAININGS, FITNESS, ENVIRONMENT = (
    "config.json",
    "evaluations.parquet",
    "summary.json",
    "cycles.json",
    "trainings.json",
    "fitness.json",
    "environment.json",
)


def progress_folder(folder: Path) -> Path:
    """What is kept of an unfinished run, so that it can be gone on from."""
    return folder / "progress"


def state_file(folder: Path) -> Path:
    """The file that is there as long as a run is unfinished."""
    return progress_folder(folder) / "state.pickle"


def finished_repeats(folder: Path) -> int:
    """How many repeats were written to their end: the last file of a record says so. 0 if there is no record.

    Raises:
        CorruptFileError: that file is damaged.
    """
    path = folder / ENVIRONMENT
    if not path.exists():
        return 0
    told = read_json(path)
    wall_seconds = told.get("repeat_wall_seconds") if isinstance(told, dict) else None
    if not isinstance(wall_seconds, list):
        raise CorruptFileError(
            f"{path} does not say how long each repeat took; remove it and run again, with --resume."
        )
    return len(wall_seconds)


def is_finished(folder: Path) -> bool:
    """Whether the record of a run is there and whole, with as many repeats as its configuration wants.

    Raises:
        CorruptFileError: it is damaged.
    """
    if not (folder / CONFIG).exists() or state_file(folder).exists():
        return False
    config = read_json(folder / CONFIG)
    return isinstance(config, dict) and config.get("repeats") == finished_repeats(folder)
