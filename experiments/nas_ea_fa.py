"""NAS-EA-FA V2 beside random search and the genetic algorithm, at their published numbers of evaluations.

`python experiments/nas_ea_fa.py` writes results/nas-ea-fa/searches.md. Each row is one command of the toolkit; finished
ones are not run again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray

import nasbench_ga as ng
from nasbench_ga.console import guarded
from nasbench_ga.files import read_json, write_bytes
from nasbench_ga.records import ENVIRONMENT
from nasbench_ga.statistics import mann_whitney, vargha_delaney

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
BENCHMARKS: tuple[tuple[str, str], ...] = (
    ("nb101", "cifar10"),
    ("nb101-raw9", "cifar10"),
    *(("nats-tss", dataset) for dataset in DATASETS),
    *(("nats-tss-graph", dataset) for dataset in DATASETS),
)
CONTROL = "random search"
ABOUT = """\
The best cell that each repeat found: the metric searched on (on nb101 the mean test accuracy, as the table at hand
holds no validation accuracy; on nats-tss the mean validation accuracy), mean ± sample standard deviation over repeats,
and the mean test accuracy of the same cell. A12 is the chance that a repeat is better than one of random search (ties
count half); p is of a Mann-Whitney U test against it, not corrected for the number of tests. By NASWT, the
accuracy is that of the cell with the highest score. As published is with the defects of the study's code. Seconds are
wall time of a repeat on a machine that did other things too. Made by `python experiments/nas_ea_fa.py`.
"""
COLUMNS = ("evaluations", "repeats", "best, %", "lowest", "highest", "at the optimum", "test, %", "A12", "p", "seconds")


@dataclass(frozen=True)
class Config:
    """Runs every search on every benchmark and compares each with random search."""

    repeats: int = 50
    """Of each search."""
    gcn_repeats: int = 20
    """Of the searches with a GCN, which take longer."""
    seed: int = 0
    """Of the searches."""
    out: Path = Path("results") / "nas-ea-fa" / "searches.md"
    """What to write."""


@dataclass(frozen=True)
class Found:
    """What the repeats of a search found.

    Attributes:
        command: that ran it.
        evaluations: of each repeat.
        value: the metric searched on of each repeat's best cell, per cent, shape (repeats,).
        test: its test accuracy, per cent, shape (repeats,).
        regret: of `value` to the table's best, shape (repeats,).
        seconds: wall time of each repeat, shape (repeats,).
    """

    command: str
    evaluations: int
    value: NDArray[np.float64]
    test: NDArray[np.float64]
    regret: NDArray[np.float64]
    seconds: NDArray[np.float64]


def searches(space: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Name, configuration, and how the command line says it, of every search on a space."""
    yield CONTROL, {"algorithm": "random", "evaluations": 10_000 if space.startswith("nb101") else 2_500}, []
    for evaluations in (500, 10_000):
        yield "genetic algorithm", {"algorithm": "genetic", "evaluations": evaluations}, []
    for name, settings, options in (
        ("NAS-EA-FA V2, XGBoost", {}, []),
        ("NAS-EA-FA V2, GCN", {"surrogate": "gcn"}, ["--nas-ea-fa.surrogate gcn"]),
        ("NAS-EA-FA V1, XGBoost", {"version": "v1"}, ["--nas-ea-fa.version v1"]),
        ("NAS-EA-FA V2, XGBoost, as published", {"as_published": True}, ["--nas-ea-fa.as-published"]),
    ):
        chosen = ng.NASEAFASettings(**settings)
        if chosen.surrogate == "gcn" and space == "nats-tss-graph":
            continue  # its cells are the graphs that a GCN makes of those of nats-tss
        yield name, {"algorithm": "nas-ea-fa", "evaluations": 500, "nas_ea_fa": chosen}, options
    if space.startswith("nats"):
        for name, algorithm in (("genetic algorithm", "genetic"), ("NAS-EA-FA V2, XGBoost", "nas-ea-fa")):
            yield f"{name}, by NASWT", {"algorithm": algorithm, "evaluations": 500, "fitness": "naswt"}, []


def found(config: Config, space: str, dataset: str, chosen: dict[str, Any], options: list[str]) -> Found:
    """Runs one search, or reads what it found before."""
    gcn = "--nas-ea-fa.surrogate gcn" in options
    repeats = config.gcn_repeats if gcn else config.repeats
    run = ng.RunConfig(
        space=space,
        table=ng.get_space(space).benchmark,
        dataset=dataset,
        repeats=repeats,
        seed=config.seed,
        resume=True,
        naswt=ng.NASWTSettings(dataset="cifar10"),
        **chosen,
    )
    result = ng.run(run, progress=True)
    summary, objective = result.summary, result.objective
    assert objective is not None
    line = [f"python -m nasbench_ga.run --space {space} --table {run.table} --dataset {dataset}"]
    line += [f"--algorithm {run.algorithm} --evaluations {run.evaluations} --repeats {repeats} --seed {config.seed}"]
    if run.fitness == "naswt":
        line += ["--fitness naswt --naswt.dataset cifar10"]
    return Found(
        " ".join([*line, *options]),
        int(run.evaluations or 0),
        summary[objective.search].to_numpy(),
        summary[objective.test].to_numpy(),
        summary[f"regret {objective.search}"].to_numpy(),
        np.array(read_json(result.folder / ENVIRONMENT)["repeat_wall_seconds"]),
    )


def against(own: NDArray[np.float64], control: NDArray[np.float64]) -> str:
    """How often it is better than the control, and the p-value of a Mann-Whitney U test."""
    p = mann_whitney(own, control).p_value
    return f"{vargha_delaney(own, control).value:.2f} | {f'{p:.2g}' if p >= 1e-15 else '< 1e-15'}"


def section(config: Config, space: str, dataset: str) -> list[str]:
    """The comparison on one benchmark, as Markdown."""
    rows = [(name, found(config, space, dataset, chosen, options)) for name, chosen, options in searches(space)]
    control = next(own for name, own in rows if name == CONTROL)
    lines = [
        f"## {space}, {dataset}",
        "",
        f"| search | {' | '.join(COLUMNS)} |",
        "|---|" + "--:|" * len(COLUMNS),
    ]
    for name, own in rows:
        lines.append(
            f"| {name} | {own.evaluations:,} | {len(own.value)} | {_mean(own.value)} | {own.value.min():.3f} | "
            f"{own.value.max():.3f} | {np.mean(own.regret <= 0):.0%} | {_mean(own.test)} | "
            f"{against(own.value, control.value) if own is not control else '|'} | {own.seconds.mean():.2g} |"
        )
    return [*lines, "", "```", *(own.command for _, own in rows), "```", ""]


def _mean(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def as_markdown(config: Config) -> str:
    """The page."""
    lines = [
        "# NAS-EA-FA V2 beside random search and the genetic algorithm",
        "",
        ABOUT,
    ]
    for space, dataset in BENCHMARKS:
        lines += section(config, space, dataset)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """The command."""
    config = tyro.cli(Config, prog="python experiments/nas_ea_fa.py")
    page = as_markdown(config)
    write_bytes(config.out, page.encode())
    print(page)


if __name__ == "__main__":
    sys.exit(guarded(main))
