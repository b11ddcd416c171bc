"""Scores networks once for everybody: all of nats-tss, or a stratified sample of nb101, into data/naswt/.

`python experiments/naswt_scores.py --space nats-tss`. A killed run goes on where it stopped. With `--of-searches` it
takes the scores of nb101 that searches have left in the store instead, and that no table holds yet.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from numpy.typing import NDArray

from nasbench_ga.console import guarded
from nasbench_ga.data_folders import DATA_FOLDER
from nasbench_ga.environment import environment, processor_name
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import NASWT, NASWTSettings
from nasbench_ga.fitness.score_store import SCORES_FOLDER, ScoreStore, score_tables, write_table
from nasbench_ga.spaces import Space, get_space

LEAST_OF_A_STRATUM = 10


@dataclass(frozen=True)
class Config:
    """Scores the networks of a space on one batch of CIFAR-10 and writes a table of the scores."""

    space: Literal["nats-tss", "nb101"] = "nats-tss"
    """The space: every network of nats-tss, a sample of nb101."""
    cells: int = 5000
    """Cells of the sample of nb101, about; small strata are not sampled below ten."""
    batch: int = 128
    """Images of the batch."""
    seed: int = 0
    """Of weights, images and sample."""
    of_searches: bool = False
    """Write what searches of nb101 have scored, and that no table holds yet, in place of a sample."""
    out: Path = DATA_FOLDER / SCORES_FOLDER
    """Folder of the table."""


def every_network(space: Space) -> NDArray[np.int64]:
    """A cell of each network of a space: the one that stands for it."""
    return np.unique(space.identify(space.canonical(space.enumerate(), per_network=True)))


def stratified(space: Space, cells: int, seed: int) -> NDArray[np.int64]:
    """A sample of nb101 in which each number of vertices and edges has its share, but at least ten cells."""
    edges = space.enumerate()[:, :21]
    ends = np.array(np.triu_indices(7, 1))
    touches = (ends[:, :, None] == np.arange(7)).any(0)
    vertices = (edges @ touches.astype(np.int8) > 0).sum(1)
    strata = 100 * vertices + edges.sum(1)
    rng = np.random.default_rng(seed)
    chosen = []
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        share = max(int(np.ceil(len(members) * cells / space.size)), min(len(members), LEAST_OF_A_STRATUM))
        chosen.append(rng.choice(members, share, replace=False))
    return np.sort(np.concatenate(chosen))


def scored_cells(space: Space) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Every cell whose network has a score in the table of a space or of a sample of it, and that score.

    Of one batch of 128 CIFAR-10 images and seed 0. A table of what searches met is passed over, as it is no sample.

    Returns:
        The cells, ascending, shape (n,), and their scores, shape (n,).

    Raises:
        NasbenchError: no table is here.
        CorruptFileError: it is damaged.
    """
    wanted = {"benchmark": space.name, "dataset": "cifar10", "batch": 128, "seed": 0}
    held = [own for own in score_tables() if wanted.items() <= own.key.items() and not own.of_searches]
    if not held:
        raise NasbenchError(
            f"No table of NASWT scores of {space.name} is here, which comes with the project in data/{SCORES_FOLDER}: "
            f"run this in the project's folder, or make it: python experiments/naswt_scores.py --space {space.name}."
        )
    score = held[0].read()
    networks = space.identify(space.canonical(space.enumerate(), per_network=True))
    cells = np.flatnonzero(np.isin(networks, list(score)))
    return cells, np.array([score[network][0] for network in networks[cells].tolist()])


def _versions() -> dict[str, Any]:
    """What scores may depend on beside their key."""
    known = environment()
    return {name: known[name] for name in ("packages", "python")} | {"processor": processor_name()}


def collect(config: Config) -> Path:
    """Writes what the store holds beyond the finished tables, and what the table of searches held before."""
    space = get_space(config.space)
    fitness = NASWT(space, NASWTSettings(dataset="cifar10", batch=config.batch, seed=config.seed))
    key = fitness.provenance["scores"][0]
    store = ScoreStore(NASWTSettings().store, key, list(score_tables()))
    before = [table.read() for table in score_tables() if table.of_searches and table.key == key]
    networks = np.union1d(store.added, np.array(sorted({n for scores in before for n in scores}), np.int64))
    if not len(networks):
        raise NasbenchError(f"{store.path} holds no score that is in no table yet: run searches by NASWT first.")
    scores, seconds = store.get(networks)
    path = config.out / f"{config.space}-searched-cifar10-{config.batch}-seed{config.seed}.parquet"
    columns = {"network": networks, "score": scores, "seconds": seconds}
    write_table(path, key, columns, space.size, _versions(), of_searches=True)
    return path


def score(config: Config) -> Path:
    """Scores, writes the table, and says where it is."""
    space = get_space(config.space)
    ids = every_network(space) if config.space == "nats-tss" else stratified(space, config.cells, config.seed)
    genotypes = space.enumerate()[ids]
    settings = NASWTSettings(dataset="cifar10", batch=config.batch, seed=config.seed)
    fitness = NASWT(space, settings, progress=True)
    outcome = fitness(genotypes)
    path = config.out / f"{config.space}-cifar10-{config.batch}-seed{config.seed}.parquet"
    write_table(
        path,
        fitness.provenance["scores"][0],
        {
            "network": ids,
            "written": [str(space.decode(genotype)) for genotype in genotypes],
            "score": outcome.value,
            "seconds": outcome.seconds,
        },
        len(every_network(space)),
        _versions(),
    )
    return path


def main() -> None:
    """The command."""
    config = tyro.cli(Config, prog="python experiments/naswt_scores.py")
    path = collect(config) if config.of_searches else score(config)
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(guarded(main))
