"""Finished records, read back: every row is checked before anything is made of it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError, RecordError
from nasbench_ga.files import read_json
from nasbench_ga.records.columns import as_rows, read_parquet
from nasbench_ga.records.layout import (
    CONFIG,
    CYCLES,
    ENVIRONMENT,
    EVALUATIONS,
    FITNESS,
    SUMMARY,
    TRAININGS,
    is_finished,
    state_file,
)
from nasbench_ga.rows import Rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Record:
    """A finished study.

    Attributes:
        folder: where it lies.
        config: everything that its results depend on, as JSON.
        rows: all evaluations, by repeat and step.
        metrics: every number that its table knew of the evaluated cells, each float64, shape (len(rows),).
        summary: one dictionary a repeat.
        known: what its fitness found out that its values depend on; often nothing.
    """

    folder: Path
    config: Mapping[str, Any]
    rows: Rows
    metrics: Mapping[str, NDArray[np.float64]]
    summary: list[dict[str, Any]]
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """How many runs there are."""
        return len(self.summary)


def read_record(folder: Path) -> Record:
    """A finished record, every row of which is what it should be.

    Raises:
        RecordError: there is no finished record.
        CorruptFileError: a file is damaged, or does not agree with the others; the file and the row are named.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RecordError(f"{folder} is no folder; give one that nasbench_ga.run wrote, as its last line names it.")
    unfinished = RecordError(f"{folder} holds an unfinished run; finish it first, with --resume.")
    if state_file(folder).exists():
        raise unfinished
    for name in (CONFIG, EVALUATIONS, SUMMARY, ENVIRONMENT):
        _path(folder, name)
    config, summary = read_json(folder / CONFIG), read_json(folder / SUMMARY)
    if wrong := _wrong_config(config):
        raise CorruptFileError(f"{folder / CONFIG} is no configuration of a run: {wrong}. {_again(folder)}")
    if not is_finished(folder):
        raise unfinished
    read_cycles(folder)
    read_trainings(folder)
    known = read_known(folder)
    table = read_parquet(folder / EVALUATIONS)
    rows = as_rows(table)
    metrics = {name: np.asarray(table[name], np.float64) for name in table.schema.names if "/" in name}
    if wrong := _wrong_row(rows, metrics):
        raise CorruptFileError(f"{folder / EVALUATIONS}, row {wrong}. {_again(folder)}")
    if wrong := _wrong_summary(rows, summary, config["repeats"]):
        raise CorruptFileError(f"{folder / SUMMARY}, {wrong}. {_again(folder)}")
    return Record(folder, config, rows, metrics, summary, known)


def read_evaluations(folder: Path) -> pd.DataFrame:
    """The evaluations of a finished record: one row each, as `evaluations.parquet` holds them.

    Raises:
        RecordError: there is no finished record.
        CorruptFileError: the file is damaged.
    """
    return read_parquet(_path(folder, EVALUATIONS)).to_pandas()


def read_summary(folder: Path) -> pd.DataFrame:
    """The summary of a finished record, one row a repeat.

    Raises:
        RecordError: there is no finished record.
        CorruptFileError: the file is damaged.
    """
    import pandas as pd

    return pd.DataFrame(read_json(_path(folder, SUMMARY)))


def read_cycles(folder: Path) -> list[dict[str, Any]]:
    """What the searches of a finished record said of each cycle; nothing if they say nothing.

    Raises:
        CorruptFileError: the file is damaged.
    """
    return _told(folder, CYCLES, {"repeat", "cycle", "evaluations"})


def read_trainings(folder: Path) -> list[dict[str, Any]]:
    """What came of each training of a finished record; nothing if nothing was trained.

    Raises:
        CorruptFileError: the file is damaged.
    """
    return _told(folder, TRAININGS, {"repeat", "number", "network", "accuracy", "seconds"})


def read_known(folder: Path) -> dict[str, Any]:
    """What the fitness of a finished record found out that its values depend on; often nothing.

    Raises:
        CorruptFileError: the file is damaged.
    """
    known = read_json(folder / FITNESS) if (folder / FITNESS).exists() else {}
    if not isinstance(known, dict):
        raise CorruptFileError(f"{folder / FITNESS} is damaged. {_again(folder)}")
    return known


def _told(folder: Path, name: str, keys: set[str]) -> list[dict[str, Any]]:
    """A file of dictionaries with at least these keys; nothing if there is none."""
    told = read_json(folder / name) if (folder / name).exists() else []
    if not isinstance(told, list) or not all(isinstance(one, dict) and keys <= one.keys() for one in told):
        raise CorruptFileError(f"{folder / name} is damaged. {_again(folder)}")
    return told


def _path(folder: Path, name: str) -> Path:
    if not (folder / name).exists():
        raise RecordError(f"{folder} holds no finished record ({name} is missing).")
    return folder / name


def _again(folder: Path) -> str:
    return f"Run the configuration in {folder / CONFIG} again, into another folder."


_CONFIG: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("space", "fitness", "algorithm"), (str,)),
    **dict.fromkeys(("repeats", "seed"), (int,)),
    "fitness_metric": (str, types.NoneType),
    "seconds_are": (str,),
    **dict.fromkeys(("budget", "load"), (dict,)),
    **dict.fromkeys(("objective", "table"), (dict, types.NoneType)),
}
"""What a configuration holds at least, and of which kinds."""


def _wrong_config(config: Any) -> str:
    """What no run can have written, and why; nothing if it is a configuration."""
    if not isinstance(config, dict):
        return "it is no dictionary"
    for name, kinds in _CONFIG.items():
        if name not in config or not isinstance(config[name], kinds):
            return f"{name} is {config.get(name)!r}"
    if config["objective"] is not None and not isinstance(config["objective"].get("test"), str):
        return "objective names no test metric"
    if config["table"] is not None and not {"name", "fingerprint"} <= config["table"].keys():
        return "table has no name or fingerprint"
    return ""


def _wrong_row(rows: Rows, metrics: Mapping[str, NDArray[np.float64]]) -> str:
    """The first row that no run can have written, and why; nothing if there is none."""
    if not len(rows):
        return "0: there is none"
    before = np.concatenate([[-1], rows.repeat[:-1]])
    begins = rows.repeat != before
    step = np.arange(len(rows)) - np.flatnonzero(begins)[begins.cumsum() - 1]
    back = np.where(begins, False, np.diff(rows.generation, prepend=0) < 0)
    checks: list[tuple[str, NDArray[Any], NDArray[Any], NDArray[np.bool_]]] = [
        ("the repeat is {}, after repeat {}", rows.repeat, before, begins & (rows.repeat != before + 1)),
        ("the step is {}, where step {} is expected", rows.step, step, rows.step != step),
        ("the generation is {}, lower than before", rows.generation, before, back | (rows.generation < 0)),
        ("the cell has the number {}, and numbers are 0 or more", rows.id, before, rows.id < 0),
        ("the fitness is {}, which no fitness may be", rows.value, before, np.isposinf(rows.value)),
        ("the seconds are {}, which is no time", rows.seconds, before, (rows.seconds < 0) | np.isinf(rows.seconds)),
        *((f"{name} is {{}}, which is no number", known, before, np.isinf(known)) for name, known in metrics.items()),
    ]
    first = [(int(np.argmax(wrong)), number) for number, (*_, wrong) in enumerate(checks) if wrong.any()]
    if not first:
        return ""
    row, number = min(first)
    said, got, due, _ = checks[number]
    return f"{row:,} (from 0): {said.format(got[row], due[row])}"


def _wrong_summary(rows: Rows, summary: Any, repeats: int) -> str:
    """The first repeat whose summary is not that of the rows, and why; nothing if there is none."""
    own = rows.by_repeat()
    if not isinstance(summary, list) or not all(isinstance(row, dict) for row in summary):
        return "which is no list of repeats"
    if not len(summary) == len(own) == repeats:
        return f"which has {len(summary)} repeats; the evaluations have {len(own)}, the configuration {repeats}"
    for number, (told, evaluated) in enumerate(zip(summary, own, strict=True)):
        finite = evaluated.value[np.isfinite(evaluated.value)]
        best = float(finite.max()) if len(finite) else None
        if (told.get("repeat"), told.get("evaluations"), told.get("best_value")) != (number, len(evaluated), best):
            return f"repeat {number}: it does not say {len(evaluated):,} evaluations and a best fitness of {best}"
        for name, value in told.items():
            if "/" in name and not isinstance(value, int | float | types.NoneType):
                return f"repeat {number}: {name} is {value!r}"
    return ""
