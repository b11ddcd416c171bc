"""How well NASWT ranks trained networks, beside the number of parameters and of FLOPs: results/naswt/correlations.md.

`python experiments/naswt_correlations.py` reads the tables of scores in data/naswt/ and the published results; counting
the FLOPs of 5,094 networks of nb101 takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from tqdm import tqdm

from experiments.naswt_scores import scored_cells
from nasbench_ga.console import guarded
from nasbench_ga.files import write_bytes
from nasbench_ga.spaces import Space, get_space
from nasbench_ga.statistics import rank_correlation
from nasbench_ga.tables import Table, choose_objective, open_table

PUBLISHED = {  # Kendall's tau of the score: Mellor et al. 2021, figure 3
    "cifar10/ori-test/200": 0.574,
    "cifar100/x-test/200": 0.611,
    "ImageNet16-120/x-test/200": 0.549,
    "cifar10/test/108": 0.285,
}


@dataclass(frozen=True)
class Config:
    """Correlates the scores that come with the project with published accuracies."""

    out: Path = Path("results") / "naswt" / "correlations.md"
    """What to write."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    space: str
    metric: str
    guide: str
    cells: int
    kendall: float
    spearman: float
    published: float | None


def rows() -> Iterator[Row]:
    """Every space, metric and guide."""
    for name in ("nats-tss", "nb101"):
        space = get_space(name)
        table = open_table(name)
        cells, scores = scored_cells(space)
        flops = _flops(space, table, cells)
        for dataset in {"nats-tss": ("cifar10", "cifar100", "ImageNet16-120"), "nb101": ("cifar10",)}[name]:
            objective = choose_objective(table, dataset)
            classes = {"cifar100": 100, "ImageNet16-120": 120}.get(dataset, 10)
            guides = {
                "NASWT": scores,
                "parameters": space.parameters(space.enumerate()[cells], classes),
                "FLOPs": flops,
            }
            for metric in dict.fromkeys(filter(None, (objective.validation, objective.test))):
                for guide, values in guides.items():
                    found = rank_correlation(values, table.lookup(cells, metric))
                    published = PUBLISHED.get(metric) if guide == "NASWT" else None
                    yield Row(name, metric, guide, found.pairs, found.kendall, found.spearman, published)


def _flops(space: Space, table: Table, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Published where the table has them; else those of the published network for one image, counted."""
    if "cifar10/mega-flops" in table:
        return table.lookup(cells, "cifar10/mega-flops")
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from nasbench_ga.networks import builders

    image, counts = torch.empty(1, 3, 32, 32, device="meta"), []
    for cell in tqdm(cells, "counting FLOPs", leave=False):
        with torch.device("meta"):
            network = builders[space.benchmark](space.decode(space.enumerate()[cell])).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(image)
        counts.append(counter.get_total_flops())
    return np.array(counts, np.float64)


def as_markdown(found: list[Row]) -> str:
    """A page with the table."""
    lines = [
        "# NASWT as a guide to accuracy",
        "",
        "Rank correlations with published accuracies after full training, over every cell of nats-tss (each string",
        "with the score of its network; a singular K_H ranks last) and over a stratified sample of nb101. One batch of",
        "128 CIFAR-10 images, one initialisation (seed 0). *Published* is Kendall's tau in figure 3 of",
        "Mellor et al. 2021. Made by `python experiments/naswt_correlations.py`.",
        "",
        "| space | accuracy | guide | cells | Kendall's tau | Spearman's rho | published tau |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for row in found:
        published = "–" if row.published is None else f"{row.published:.3f}"
        lines.append(
            f"| {row.space} | {row.metric} | {row.guide} | {row.cells:,} | {row.kendall:.3f} | {row.spearman:.3f} "
            f"| {published} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command."""
    config = tyro.cli(Config, prog="python experiments/naswt_correlations.py")
    page = as_markdown(list(rows()))
    write_bytes(config.out, page.encode())
    print(page)


if __name__ == "__main__":
    sys.exit(guarded(main))
