"""Cells of a benchmark, trained here and set beside their rows in the table.

`python -m experiments.train_cells --space nats-tss --cells 1459 6111 --recipe nats-12` trains two cells by the
published recipe of twelve epochs on CIFAR-10; `--recipe proxy --size small --images 2000` takes a minute on a CPU. What
is trained is kept in results/runs/train-cells/ and not done again; a killed training goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import tyro

import nasbench_ga as ng
from nasbench_ga.console import guarded, print_table, rich_table
from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import json_digest
from nasbench_ga.fitness import Trained, TrainedSettings
from nasbench_ga.presets import recipe as named_recipe
from nasbench_ga.tables import choose_objective, find_for_space, open_source


@dataclass(frozen=True)
class Config:
    """Trains cells of a benchmark, and prints their accuracies beside the published ones."""

    cells: tuple[int, ...]
    """Their numbers, which are rows of the table."""
    space: str = "nats-tss"
    """Whose cells they are: nb101, nats-tss or nats-sss."""
    dataset: str = "cifar10"
    """Data set to train on, which the table has to know."""
    recipe: str = "proxy"
    """How: nb101, nats, nats-12 (as published), or proxy (a short one)."""
    size: Literal["published", "small"] = "published"
    """Sizes of the networks: as published, or small ones."""
    images: int | None = None
    """Train on so many images only."""
    validation: int | None = None
    """Training images that are held out to validate on; by default a tenth, at most 5,000."""
    seeds: int = 1
    """Trainings of each cell, each with weights of its own."""
    runs: Path = Path("results") / "runs" / "train-cells"
    """Folder of what was trained."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        if not self.cells or self.seeds < 1:
            raise NasbenchError("Expected the numbers of one cell or more, and 1 training of each or more.")


def train_cells(config: Config) -> pd.DataFrame:
    """One row a cell and seed: its number, what is published of it, and what came of its training here.

    Raises:
        NasbenchError: there is no such cell, recipe, data set or table.
    """
    space = ng.get_space(config.space)
    table = open_source(find_for_space(space.benchmark))
    objective = choose_objective(table, config.dataset)
    genotypes = space.genotypes_of(np.array(config.cells))
    settings = TrainedSettings(
        recipe=named_recipe(config.recipe), images=config.images, validation=config.validation, size=config.size
    )
    rows = []
    for seed in range(config.seeds):
        fitness = Trained(space, settings, config.dataset, seed=seed, progress=True)
        fitness.prepare(config.runs / json_digest({**fitness.provenance, "space": space.name}, 12))
        told = fitness.of_repeat(0)(genotypes)
        for place, cell in enumerate(config.cells):
            published = {name: float(table.lookup(np.array([cell]), name)[0]) for name in objective.reported}
            rows.append(
                {
                    "cell": cell,
                    "seed": seed,
                    **published,
                    "validation, here": told.value[place],
                    **{f"{name}, here": value for name, value in fitness.test(0, genotypes[place]).items()},
                    "epochs": told.extras["epochs"][place],
                    "seconds": told.seconds[place],
                }
            )
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        frame = train_cells(tyro.cli(Config, prog="python -m experiments.train_cells", args=arguments))
        table = rich_table(*frame.columns)
        for row in frame.itertuples(index=False):
            table.add_row(*(f"{value:,}" if isinstance(value, int) else f"{value:.2f}" for value in row))
        print_table(table)

    return guarded(command)


if __name__ == "__main__":
    sys.exit(main())
