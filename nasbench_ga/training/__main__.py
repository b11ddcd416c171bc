"""The data sets of images: which there are, where each lies, how to get it.

`python -m nasbench_ga.training list | fetch NAME`
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from nasbench_ga.console import guarded, print_table, rich_table
from nasbench_ga.data_folders import DATA_FOLDER
from nasbench_ga.errors import DatasetNotFoundError
from nasbench_ga.training.datasets import DATASETS, DataSet, find_layout
from nasbench_ga.training.fetching import fetch


@dataclass(frozen=True)
class List:
    """List the data sets and where each lies."""

    def __call__(self) -> None:
        """Prints one line a data set."""
        table = rich_table("data set", "images", "size", "classes", "where", "what")
        for name, dataset in DATASETS.items():
            images = "\n".join(f"{size:,} {split}" for split, size in dataset.sizes.items())
            size = f"{dataset.channels} x {dataset.height} x {dataset.width}"
            table.add_row(
                name, images, size, str(dataset.classes), _where(dataset), f"{dataset.title}: {dataset.description}"
            )
        print_table(table)
        print("Files are checked against their published checksums when they are loaded.")


def _where(dataset: DataSet) -> str:
    if dataset.make is not None:
        return "no files needed"
    places: dict[str, str] = {}
    for split in dataset.sizes:
        with contextlib.suppress(DatasetNotFoundError):
            layout, folder = find_layout(dataset, split)
            places[split] = str((folder / next(iter(layout.files[split]))).parent)
    fetchable = any(layout.downloads for layout in dataset.layouts)
    missing = f"not here: {f'fetch {dataset.name}' if fetchable else f'see {dataset.homepage}'}"
    if not places:
        return missing
    if len(places) == len(dataset.sizes) and len(set(places.values())) == 1:
        return next(iter(places.values()))
    return "\n".join(f"{split}: {places.get(split, missing)}" for split in dataset.sizes)


@dataclass(frozen=True)
class Fetch:
    """Download a data set's official files into data/, verify them, and unpack them where they are packed."""

    name: Annotated[str, tyro.conf.Positional]
    """Which data set, as `list` names it."""

    def __call__(self) -> None:
        """Downloads, verifies and unpacks; says how to cite."""
        fetch(self.name, DATA_FOLDER)
        print(f"licence: {DATASETS[self.name].licence}")
        print(f"cite: {DATASETS[self.name].citation}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        tyro.extras.subcommand_cli_from_dict(
            {"list": List, "fetch": Fetch},
            prog="python -m nasbench_ga.training",
            description="The data sets of images to train on: which there are, where each lies, how to get it.",
            args=arguments,
        )()

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
