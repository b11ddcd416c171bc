"""What was run: five searches and a control on each benchmark, and the searches with defects of the study's code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import nasbench_ga as ng
from nasbench_ga.files import read_json
from nasbench_ga.records import CONFIG
from nasbench_ga.run_sets import RunSet
from nasbench_ga.search.training_set import Defect

SEED = 0
GA_ACCURACY, GA_NASWT = "genetic-accuracy", "genetic-naswt"
V2_ACCURACY, V2_GCN, V2_NASWT = "nas-ea-fa-xgboost-accuracy", "nas-ea-fa-gcn-accuracy", "nas-ea-fa-xgboost-naswt"
RANDOM = "random-accuracy"


@dataclass(frozen=True)
class Benchmark:
    """A space, the table of what is known of it, and one of the table's data sets."""

    space: str
    table: str
    dataset: str

    def __str__(self) -> str:
        return f"{self.space}, {self.dataset}"

    @property
    def folder(self) -> str:
        """The name of the folder of its records."""
        return f"{self.space}-{self.dataset}"


@dataclass(frozen=True)
class Arm:
    """One search by one fitness.

    Attributes:
        name: of its folder.
        title: for words, tables and figures.
        algorithm: as registered.
        fitness: as registered.
        evaluations: budget of a run.
        genetic: settings, if it is the genetic algorithm.
        nas_ea_fa: settings, if it is NAS-EA-FA.
        mended: the name of the same arm without the defects that this one has; None if it has none.
    """

    name: str
    title: str
    algorithm: str
    fitness: str = "accuracy"
    evaluations: int = 10_000
    genetic: ng.GeneticSettings = field(default_factory=ng.GeneticSettings)
    nas_ea_fa: ng.NASEAFASettings = field(default_factory=ng.NASEAFASettings)
    mended: str | None = None

    @property
    def uses_gcn(self) -> bool:
        """Whether a graph network predicts."""
        return self.algorithm == "nas-ea-fa" and self.nas_ea_fa.surrogate == "gcn"

    def on(self, benchmark: Benchmark, folder: Path, repeats: int, workers: int | None) -> ng.RunConfig:
        """Its configuration on a benchmark."""
        return ng.RunConfig(
            space=benchmark.space,
            table=benchmark.table,
            dataset=benchmark.dataset,
            algorithm=self.algorithm,
            fitness=self.fitness,
            evaluations=self.evaluations,
            repeats=repeats,
            seed=SEED,
            genetic=self.genetic,
            nas_ea_fa=self.nas_ea_fa,
            naswt=ng.NASWTSettings(dataset="cifar10"),
            results=folder,
            resume=True,
            workers=workers,
        )


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("nb101-raw9", "nb101", "cifar10"),
    *(Benchmark("nats-tss-graph", "nats-tss", dataset) for dataset in ("cifar10", "cifar100", "ImageNet16-120")),
)
_GCN = ng.NASEAFASettings(surrogate="gcn")
ARMS: tuple[Arm, ...] = (
    Arm(GA_ACCURACY, "GA, accuracy", "genetic"),
    Arm(GA_NASWT, "GA, NASWT", "genetic", "naswt"),
    Arm(V2_ACCURACY, "V2 XGBoost, accuracy", "nas-ea-fa", evaluations=500),
    Arm(V2_GCN, "V2 GCN, accuracy", "nas-ea-fa", evaluations=500, nas_ea_fa=_GCN),
    Arm(V2_NASWT, "V2 XGBoost, NASWT", "nas-ea-fa", "naswt", evaluations=500),
    Arm(RANDOM, "random search, accuracy", "random"),
)


def with_defects(mended: Arm) -> tuple[Arm, ...]:
    """The searches with the defects of the study's code that concern this one: each alone and, if several, all."""
    settings = mended.nas_ea_fa
    defects = replace(settings, as_published=True).switched_on
    variants = {defect: replace(settings, defects=(defect,)) for defect in get_args(Defect) if defect in defects}
    if len(variants) > 1:
        variants["as-published"] = replace(settings, as_published=True)
    return tuple(
        replace(mended, name=f"{mended.name}-{name}", title=name, nas_ea_fa=chosen, mended=mended.name)
        for name, chosen in variants.items()
    )


def carry_out(arm: Arm, benchmark: Benchmark, folder: Path, repeats: int, workers: int | None = None) -> RunSet:
    """The runs of an arm, at least so many: read where they are there, else run, or gone on with.

    Args:
        arm: what to run.
        benchmark: where.
        folder: of the record.
        repeats: wanted; a finished record of more is taken as it is.
        workers: see `RunConfig`.

    Raises:
        RecordError: the folder holds something else, or another process writes it.
        NasbenchError: it cannot be run, for want of a table, of images or of a library.
    """
    held = _repeats_held(folder)
    if 0 < held < repeats:  # what is unfinished has to be finished before it is added to
        ng.run(arm.on(benchmark, folder, held, workers), progress=True)
    ng.run(arm.on(benchmark, folder, max(held, repeats), workers), progress=True)
    return RunSet.read(folder, arm.title)


def _repeats_held(folder: Path) -> int:
    """Of how many repeats the record in a folder is, finished or not; 0 without one."""
    config = read_json(folder / CONFIG) if (folder / CONFIG).exists() else None
    held = config.get("repeats") if isinstance(config, dict) else None
    return held if isinstance(held, int) else 0
