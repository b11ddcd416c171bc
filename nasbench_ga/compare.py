"""Compares records of runs: tests, effect sizes, pictures, and one report.

`python -m nasbench_ga.compare RECORD RECORD ...`, or in Python `nasbench_ga.compare(CompareConfig((a, b)))`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from nasbench_ga.callable_module import make_callable
from nasbench_ga.console import guarded
from nasbench_ga.errors import NasbenchError
from nasbench_ga.pages import print_page
from nasbench_ga.run_sets import NUMBERS, REPORT, How, RunSet, Together, as_page, compare_sets, write_comparison

COMPARISONS = Path("results") / "comparisons"


@dataclass(frozen=True)
class CompareConfig:
    """Compares what runs found: every two of several records, and all of them together.

    Prints the comparison; writes it as one HTML file, as numbers, and each picture as PNG and PDF.
    """

    records: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders that nasbench_ga.run wrote, 2 to 18."""
    names: tuple[str, ...] = ()
    """A name for each, in their order; by default those of the folders."""
    metric: str | None = None
    """Accuracy to compare, of the cell with the highest fitness of each run; by default the test accuracy that all
    report. fitness is what they maximised."""
    evaluations: int | None = None
    """Compare what each run had found after so many evaluations, not at its end."""
    seconds: float | None = None
    """The same after so many simulated seconds."""
    paired: bool = False
    """Hold run i of one against run i of the others (Wilcoxon, Friedman), as of runs that share more than a seed."""
    level: float = 0.05
    """Level of significance, of all pairs together."""
    same_within: float | None = None
    """The smallest difference that would matter; with it sameness is tested too."""
    target: float | None = None
    """What to reach, for the expected running time; by default the lowest of the medians."""
    out: Path | None = None
    """Folder of the report; by default one under results/comparisons/ for these records and options."""

    def __post_init__(self) -> None:
        """Takes paths as text, and refuses what cannot be meant together."""
        given: Any = self.records
        if isinstance(given, str | Path):
            raise NasbenchError(f"Expected several records, got one path: {given}.")
        object.__setattr__(self, "records", tuple(map(Path, self.records)))
        object.__setattr__(self, "names", tuple(self.names))
        if self.out is not None:
            object.__setattr__(self, "out", Path(self.out))
        if self.names and len(self.names) != len(self.records):
            raise NasbenchError(f"Expected a name for each of {len(self.records)} records, got {len(self.names)}.")
        if self.evaluations is not None and self.seconds is not None:
            raise NasbenchError("Expected --evaluations or --seconds, got both: compare at one of them at a time.")
        for name in ("evaluations", "seconds"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise NasbenchError(f"{name} is positive, not {getattr(self, name)}.")

    @property
    def how(self) -> How:
        """The same without what is read and written."""
        cost = self.evaluations if self.seconds is None else self.seconds
        clock: Any = "evaluations" if self.seconds is None else "seconds"
        return How(self.metric, cost, clock, self.paired, self.level, self.same_within, self.target)


@dataclass(frozen=True)
class ComparedRecords:
    """A finished comparison.

    Attributes:
        together: all that was computed.
        folder: where its report, numbers and pictures are.
    """

    together: Together
    folder: Path

    @property
    def report(self) -> Path:
        """The HTML file."""
        return self.folder / REPORT


def compare(config: CompareConfig) -> ComparedRecords:
    """Compares records, and writes the report, the numbers and the pictures.

    Raises:
        RecordError: a folder holds no finished record.
        CorruptFileError: a record is damaged; the file and the row are named.
        NasbenchError: what the records hold cannot be compared, or a file cannot be written.
    """
    return _compare(config, show=False)


def _compare(config: CompareConfig, show: bool) -> ComparedRecords:
    names = config.names or _names(config.records)
    together = compare_sets([RunSet.read(*given) for given in zip(config.records, names, strict=True)], config.how)
    folder = config.out or COMPARISONS / _folder_name(config)
    page = as_page(together)
    write_comparison(page, _numbers(together), folder)
    if show:
        print_page(page)
        print(f"Report: {folder / REPORT}; its pictures lie beside it as PNG and PDF, its numbers in {NUMBERS}.")
    return ComparedRecords(together, folder)


def _names(records: Sequence[Path]) -> tuple[str, ...]:
    """The names of the folders, with that of the folder above where two would be the same."""
    short = [Path(record).resolve().name for record in records]
    return tuple(
        name if short.count(name) == 1 else f"{Path(record).resolve().parent.name}/{name}"
        for name, record in zip(short, records, strict=True)
    )


def _folder_name(config: CompareConfig) -> str:
    given = [str(record.resolve()) for record in config.records]
    digest = hashlib.sha256(repr((given, config.names, config.how)).encode()).hexdigest()
    return digest[:12]


def _numbers(together: Together) -> dict[str, Any]:
    """All numbers of a comparison as JSON; None for what is not finite."""
    comparisons = together.comparisons
    numbers: dict[str, Any] = {
        "metric": together.metric,
        "paired": together.how.paired,
        "level": together.how.level,
        "not_alike": together.notes,
        "records": {own.name: str(own.record.folder) for own in together.sets},
        "runs": {sample.name: sample.values.tolist() for sample in together.samples},
        "areas": {sample.name: sample.values.tolist() for sample in together.areas},
        "target": together.target,
        "expected_running_time": {
            own.name: time.expected for own, time in zip(together.sets, together.running_times, strict=True)
        },
        "pairs": comparisons.as_table(),
    }
    if comparisons.omnibus is not None:
        omnibus = comparisons.omnibus
        numbers["omnibus"] = {"test": omnibus.name, "statistic": omnibus.statistic, "p": omnibus.p_value}
    return _plain(numbers)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        config = tyro.cli(CompareConfig, prog="python -m nasbench_ga.compare", args=arguments)
        _compare(config, show=True)

    return guarded(command)


make_callable(__name__, compare)

if __name__ == "__main__":
    sys.exit(main())
