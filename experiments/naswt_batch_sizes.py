"""NASWT scores of the same networks with batches of 8 to 512 images: results/naswt/batch-sizes.parquet.

`python experiments/naswt_batch_sizes.py` scores 100 networks of nats-tss and 100 of nb101 by three seeds. Scores are
kept in data/naswt/store/ as soon as they are computed, so that a killed run goes on where it stopped.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tyro
from numpy.typing import NDArray

import nasbench_ga as ng
from experiments.naswt_scores import every_network
from nasbench_ga.console import guarded
from nasbench_ga.data_folders import DATA_FOLDER
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import atomic_path
from nasbench_ga.fitness import NASWT, NASWTSettings
from nasbench_ga.fitness.score_store import SCORES_FOLDER
from nasbench_ga.tables import choose_objective

BATCH_SIZES: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512)
DATASET = "cifar10"
OUT = Path("results") / "naswt" / "batch-sizes.parquet"
COLUMNS = ("benchmark", "network", "written", "accuracy", "batch", "seed", "score", "seconds")

_AGAIN = "remove that file, and python experiments/naswt_batch_sizes.py makes it anew from the scores that it kept."


@dataclass(frozen=True)
class Config:
    """Scores networks of all accuracies with batches of different sizes of CIFAR-10 images."""

    benchmarks: tuple[str, ...] = ("nats-tss", "nb101")
    """The tables whose networks are scored."""
    networks: int = 100
    """Networks of each."""
    batch_sizes: tuple[int, ...] = BATCH_SIZES
    """Images of a batch."""
    seeds: int = 3
    """Weights and images of each network, from seed 0."""
    store: Path = DATA_FOLDER / SCORES_FOLDER / "store"
    """Folder where scores are kept."""
    out: Path = OUT
    """What to write."""


def stratified_by_accuracy(
    networks: NDArray[np.int64], accuracy: NDArray[np.float64], count: int, seed: int = 0
) -> NDArray[np.int64]:
    """One random network of each of so many equal strata by accuracy, ascending by it.

    Raises:
        NasbenchError: there are not so many networks.
    """
    if not 2 <= count <= len(networks):
        raise NasbenchError(f"Expected 2 to {len(networks):,} networks to draw, got {count}.")
    rng = np.random.default_rng(seed)
    ascending = networks[np.argsort(accuracy, kind="stable")]
    return np.array([rng.choice(stratum) for stratum in np.array_split(ascending, count)])


def scored(config: Config) -> pd.DataFrame:
    """Every network with every batch and seed, one row each."""
    return pd.concat([part for name in config.benchmarks for part in _of_benchmark(name, config)], ignore_index=True)


def _of_benchmark(name: str, config: Config) -> Iterator[pd.DataFrame]:
    space, table = ng.get_space(name), ng.open_table(name)
    test = choose_objective(table, DATASET).test
    every = every_network(space)
    networks = stratified_by_accuracy(every, table.lookup(every, test), config.networks)
    genotypes = space.genotypes_of(networks)
    written = [str(space.decode(genotype)) for genotype in genotypes]
    for batch in config.batch_sizes:
        for seed in range(config.seeds):
            settings = NASWTSettings(dataset=DATASET, batch=batch, seed=seed, store=config.store)
            outcome = NASWT(space, settings, progress=True)(genotypes)
            columns = (
                name,
                networks,
                written,
                table.lookup(networks, test),
                batch,
                seed,
                outcome.value,
                outcome.seconds,
            )
            yield pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def check_every_combination(scores: pd.DataFrame, where: object) -> None:
    """Refuses scores of a benchmark that are not one of each network with each batch and seed.

    Raises:
        CorruptFileError: they are not.
    """
    keys = ["network", "batch", "seed"]
    for benchmark, own in scores.groupby("benchmark"):
        wanted, different = math.prod(own[keys].nunique()), len(own[keys].drop_duplicates())
        if not len(own) == different == wanted:
            raise CorruptFileError(
                f"{where} has {different:,} of the {wanted:,} combinations of network, batch and seed of {benchmark}, "
                f"in {len(own):,} rows, and should have each once; {_AGAIN}"
            )


def read(path: Path) -> pd.DataFrame | None:
    """What was scored, None if nothing is there.

    Raises:
        CorruptFileError: the file is damaged, incomplete, or holds something else.
    """
    if not path.exists():
        return None
    try:
        scores = pd.read_parquet(path)[list(COLUMNS)]
    except (OSError, ValueError, KeyError) as error:
        raise CorruptFileError(f"{path} holds no scores by batch size ({error}); {_AGAIN}") from error
    check_every_combination(scores, path)
    return scores


def main() -> None:
    """The command."""
    config = tyro.cli(Config, prog="python experiments/naswt_batch_sizes.py")
    rows = scored(config)
    with atomic_path(config.out) as temporary:
        rows.to_parquet(temporary, compression="zstd", index=False)
    print(f"{config.out}: {len(rows):,} scores")


if __name__ == "__main__":
    sys.exit(guarded(main))
