"""The published tables: which there are, what one holds, how to get it and whether it is sound.

`python -m nasbench_ga.tables list | show NAME | fetch NAME | convert NAME FILE_OR_FOLDER | check NAME`
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from nasbench_ga.console import guarded, print_table, rich_table
from nasbench_ga.data_folders import DATA_FOLDER
from nasbench_ga.errors import CorruptFileError, TableNotFoundError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables import CATALOG, Metric, Table, convert, find, open_source, open_table
from nasbench_ga.tables.fetching import fetch

HIGHEST_ACCURACY = 100.001  # some published accuracies are averages of 32-bit batch means

Name = Annotated[str, tyro.conf.Positional]


@dataclass(frozen=True)
class List:
    """List the published tables and where each lies."""

    def __call__(self) -> None:
        """Prints one line a table."""
        table = rich_table("table", "space", "where", "what")
        for name, publication in CATALOG.items():
            try:
                where = str(find(name).path)
            except TableNotFoundError:
                where = f"not here: fetch {name}"
            table.add_row(name, publication.space, where, f"{publication.title}: {publication.description}")
        print_table(table)
        print("What is told of a table is true of its official file; `show` says what the one that is here holds.")


@dataclass(frozen=True)
class Show:
    """Show what a table holds: every metric with its seeds, best and mean."""

    name: Name
    """A name of the catalog, or a path."""

    def __call__(self) -> None:
        """Prints one line a metric."""
        table = open_source(find(self.name), progress=True)
        shown = rich_table("metric", "seeds", "cells", "lowest", "mean", "highest", "cell of the highest")
        for metric in table.metrics:
            values = table.values(metric)
            present = values[~np.isnan(values)]
            numbers = (
                [_text(number) for number in (present.min(), present.mean(), present.max())]
                if len(present)
                else ["–"] * 3
            )
            best = str(table.best(metric)[0]) if len(present) else "–"
            shown.add_row(metric, ", ".join(table.seeds[metric]) or "–", f"{len(present):,}", *numbers, best)
        print_table(shown)
        print(f"Table {table.name} of the space {table.space}, read from {table.path}; fingerprint {table.fingerprint}")
        print("Accuracies in per cent, times in seconds; a metric without @seed is the mean over the seeds listed.")
        for key, value in sorted(table.provenance.items()):
            print(f"{key}: {value}")
        if self.name in CATALOG:
            print(f"licence: {CATALOG[self.name].licence}")
            print(f"cite: {CATALOG[self.name].citation}")
        for note in table.notes:
            print(f"Note: {note}")


@dataclass(frozen=True)
class Fetch:
    """Download a table's official file, verify it, and convert it."""

    name: Name
    """A name of the catalog."""

    def __call__(self) -> None:
        """Downloads, verifies and converts."""
        path = fetch(self.name, DATA_FOLDER)
        Convert(self.name, path)()


@dataclass(frozen=True)
class Convert:
    """Convert a published file or folder into the compact table data/NAME.arrow."""

    name: Name
    """What to call the table."""
    source: Annotated[Path, tyro.conf.Positional]
    """A file or folder in one of the published formats."""

    def __call__(self) -> None:
        """Converts, and says what came out."""
        target = convert(self.name, self.source, progress=True)
        table = open_table(self.name, target)
        for note in table.notes:
            print(f"Note: {note}")
        print(f"{target}: {len(table.metrics)} metrics of {len(table):,} cells, {target.stat().st_size / 1e6:,.1f} MB")


@dataclass(frozen=True)
class Check:
    """Read a table whole: checksums, ranges, and parameter counts against the space's own."""

    name: Name
    """A name of the catalog, or a path."""

    def __call__(self) -> None:
        """Prints what was checked.

        Raises:
            CorruptFileError: something is not as it should be.
        """
        table = open_source(find(self.name), progress=True)
        for finding in checked(table):
            print(finding)
        print(f"{table.name} is sound: {table.path}")


def checked(table: Table) -> list[str]:
    """What was found right in a table, one sentence each.

    Raises:
        CorruptFileError: a checksum, a range or a parameter count is wrong.
    """
    table.verify()
    table.check_space(get_space(table.space))
    findings = [f"Checksums: {len(table.metrics)} metrics as they were written."]
    for metric in table.accuracies:
        values = table.values(metric)
        if np.nanmin(values, initial=0) < 0 or np.nanmax(values, initial=0) > HIGHEST_ACCURACY:
            raise CorruptFileError(f"{metric} is not between 0 and 100 per cent everywhere.")
    findings.append(f"Ranges: {len(table.accuracies)} accuracies between 0 and 100 per cent.")
    counts = [name for name in map(Metric.parse, table.metrics) if name.quantity == "parameters"]
    return findings + [_parameters_checked(table, name) for name in counts]


def _parameters_checked(table: Table, metric: Metric) -> str:
    classes = {"cifar100": 100, "ImageNet16-120": 120}.get(metric.dataset, 10)
    space = get_space(table.space)
    published = table.values(str(metric))
    held = ~np.isnan(published)
    wrong = np.flatnonzero(held & (published != space.parameters(space.enumerate(), classes)))
    if len(wrong):
        raise CorruptFileError(
            f"{metric} of cell {wrong[0]} is {published[wrong[0]]:.0f}, which its network does not have."
        )
    return f"Parameters: {metric} is what the networks have for all {held.sum():,} cells."


def _text(number: float) -> str:
    return f"{number:,.0f}" if number == round(number) and abs(number) > 1000 else f"{number:,.4f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        tyro.extras.subcommand_cli_from_dict(
            {"list": List, "show": Show, "fetch": Fetch, "convert": Convert, "check": Check},
            prog="python -m nasbench_ga.tables",
            description="The published tables: which there are, what one holds, how to get it, whether it is sound.",
            args=arguments,
        )()

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
