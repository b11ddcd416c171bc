"""How well surrogates rank cells that they have not seen, from equal data: results/surrogates/ranking.md.

`python experiments/surrogate_ranking.py` takes some twenty minutes on one core, most of them for gcn-dervisi.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from tqdm import tqdm

from nasbench_ga.console import guarded
from nasbench_ga.files import write_bytes
from nasbench_ga.spaces import Genotypes, Space, get_space
from nasbench_ga.statistics import rank_correlation
from nasbench_ga.surrogates import surrogates
from nasbench_ga.tables import open_table

TASKS = (
    ("nb101", "cifar10/test/108"),
    ("nats-tss", "cifar10-valid/x-valid/200"),
    ("nats-tss", "cifar100/x-valid/200"),
    ("nats-tss", "ImageNet16-120/x-valid/200"),
)
CONTROL = "parameters"
SLOW = ("gcn-dervisi",)
TOP = 0.9
PLACES = {"Kendall's tau": 3, "Spearman's rho": 3, "tau in the top decile": 2, "seconds a fit": 2}
ABOUT = """\
Each surrogate learns from the same random cells of a space and ranks {held_out:,} others by what it predicts: mean ±
sample standard deviation over {seeds} draws of both ({slow_seeds} for {slow}). The top decile is that of the held-out
cells by accuracy. A surrogate that tells isomorphic encodings apart is also taught all encodings of each cell
(*augmented*), and always ranks cells by their published encoding. The control ranks by the number of parameters and
learns nothing. A draw in which all predictions are equal counts as a correlation of 0. Seconds are wall time on the
machine that made this page, whatever else it did, the import of what a surrogate learns with in its first fit. Made by
`python experiments/surrogate_ranking.py`.
"""


@dataclass(frozen=True)
class Config:
    """Compares surrogates by how they rank cells that they have not seen."""

    surrogates: tuple[str, ...] = tuple(surrogates)
    """Which."""
    sizes: tuple[int, ...] = (50, 150, 500)
    """Numbers of cells to learn from."""
    seeds: int = 5
    """Draws of cells to learn from and to rank."""
    slow_seeds: int = 2
    """Draws for gcn-dervisi."""
    slow_size: int = 150
    """The most cells that gcn-dervisi learns from."""
    held_out: int = 2_000
    """Cells to rank."""
    out: Path = Path("results") / "surrogates" / "ranking.md"
    """What to write."""


@dataclass(frozen=True)
class Draw:
    """Random cells of a space with their accuracies, those to learn from and those to rank."""

    space: Space
    cells: Genotypes
    accuracy: NDArray[np.float64]
    held_out: Genotypes
    held_out_accuracy: NDArray[np.float64]


Measures = tuple[float, ...]
"""By `PLACES`."""


def draw(name: str, metric: str, size: int, held_out: int, seed: int) -> Draw:
    """Different cells of a space; of one seed, the cells of a smaller size are among those of a larger one."""
    space, table = get_space(name), open_table(name)
    ids = np.random.default_rng(seed).permutation(space.size)
    ranked, learned = ids[:held_out], ids[held_out : held_out + size]
    genotypes = space.enumerate()
    return Draw(
        space, genotypes[learned], table.lookup(learned, metric), genotypes[ranked], table.lookup(ranked, metric)
    )


def measured(of: Draw, predicted: NDArray[np.float64], seconds: float) -> Measures:
    """How well predictions rank the held-out cells, and the seconds."""
    top = of.held_out_accuracy >= np.quantile(of.held_out_accuracy, TOP)
    everywhere = rank_correlation(predicted, of.held_out_accuracy)
    there = rank_correlation(predicted[top], of.held_out_accuracy[top])
    return (*np.nan_to_num([everywhere.kendall, everywhere.spearman, there.kendall]).tolist(), seconds)


def learned(of: Draw, name: str, augmented: bool, seed: int) -> Measures:
    """What a surrogate makes of a draw."""
    surrogate = surrogates[name](of.space, seed)
    cells, owner = of.space.augment(of.cells) if augmented else (of.cells, np.arange(len(of.cells)))
    start = time.perf_counter()
    surrogate.fit(cells, of.accuracy[owner])
    seconds = time.perf_counter() - start
    return measured(of, surrogate.predict(of.held_out), seconds)


def kinds(names: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Surrogates, with and without augmentation."""
    for name in names:
        yield name, False
        if surrogates[name].sees_order:
            yield name, True


def rows(config: Config, space: str, metric: str) -> Iterator[tuple[str, list[list[Measures]]]]:
    """By surrogate: the measures of each draw, for each size; no draws where it is too slow."""
    control = [draw(space, metric, 0, config.held_out, seed) for seed in range(config.seeds)]
    found = [measured(of, of.space.parameters(of.held_out), 0.0) for of in control]
    yield CONTROL, [found] * len(config.sizes)
    for name, augmented in tqdm(list(kinds(config.surrogates)), f"{space} {metric}", leave=False):
        sizes = []
        for size in config.sizes:
            seeds = config.seeds if name not in SLOW else config.slow_seeds * (size <= config.slow_size)
            draws = ((seed, draw(space, metric, size, config.held_out, seed)) for seed in range(seeds))
            sizes.append([learned(of, name, augmented, seed) for seed, of in draws])
        yield name + ", augmented" * augmented, sizes


def as_text(values: list[float], places: int) -> str:
    """Mean ± sample standard deviation; a dash of nothing."""
    if len(values) < 2:
        return f"{values[0]:.{places}f}" if values else "–"
    return f"{np.mean(values):.{places}f} ± {np.std(values, ddof=1):.{places}f}"


def as_markdown(config: Config, found: dict[tuple[str, str], dict[str, list[list[Measures]]]]) -> str:
    """A page with a table for each measure, the seconds last."""
    about = ABOUT.format(
        held_out=config.held_out, seeds=config.seeds, slow_seeds=config.slow_seeds, slow=" and ".join(SLOW)
    )
    lines = ["# Surrogates by how they rank", "", about.rstrip()]
    for number, (measure, places) in enumerate(PLACES.items()):
        lines += ["", f"## {measure[0].upper()}{measure[1:]}"]
        for (space, metric), by_name in found.items():
            lines += [
                "",
                f"| {space}, {metric} | {' | '.join(f'{size} cells' for size in config.sizes)} |",
                "|---|" + "--:|" * len(config.sizes),
            ]
            for name, sizes in by_name.items():
                cells = [as_text([draws[number] for draws in size], places) for size in sizes]
                lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command."""
    config = tyro.cli(Config, prog="python experiments/surrogate_ranking.py")
    found: dict[tuple[str, str], dict[str, list[list[Measures]]]] = {}
    for task in TASKS:
        found[task] = dict(rows(config, *task))
        write_bytes(config.out, as_markdown(config, found).encode())
    print(config.out.read_text())


if __name__ == "__main__":
    sys.exit(guarded(main))
