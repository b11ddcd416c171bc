"""One search study: a space, a fitness, an algorithm, many repeats.

`python -m nasbench_ga.run --space nb101 --fitness accuracy --repeats 10`, or in Python
`nasbench_ga.run(RunConfig(space="nb101", repeats=10))`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import sys
import time
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro
from numpy.typing import NDArray

from nasbench_ga import records, report
from nasbench_ga.console import guarded
from nasbench_ga.environment import environment
from nasbench_ga.errors import NasbenchError, TableNotFoundError
from nasbench_ga.fitness import FitnessContext, fitnesses
from nasbench_ga.report import Report
from nasbench_ga.search import GeneticSettings, RandomSettings, Search, searches
from nasbench_ga.spaces import Space, get_space
from nasbench_ga.study import Budget, Study, conduct
from nasbench_ga.summary import summarise
from nasbench_ga.tables import CATALOG, Protocol, Source, Table, find, find_for_space, open_source, protocol

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("results") / "runs"
_OPERATIONAL = ("results", "resume", "load", "checkpoint_seconds")


@dataclass(frozen=True)
class RunConfig:
    """Searches a space for the architecture with the highest fitness, many times over.

    Prints what each repeat found and what that is worth; writes the record of every evaluation and a picture.
    """

    space: str = "nb101"
    """What is searched: nb101, nb101-raw9, nats-tss, nats-sss, or one of your own."""
    fitness: str = "accuracy"
    """What is maximised: accuracy (looked up in the table), or one of your own."""
    algorithm: str = "genetic"
    """How: genetic, random, or one of your own."""
    repeats: int = 10
    """Independent runs; their results are a distribution."""
    seed: int = 0
    """Of the whole study; repeat i has the i-th generator spawned from it."""
    evaluations: int | None = 10_000
    """Budget of a repeat in evaluations, a cell met again counting again; None for no limit."""
    seconds: float | None = None
    """Budget of a repeat in simulated seconds; the evaluation that would exceed it is not made."""
    table: str | None = None
    """Table to look up in: a name or a path; by default the first of the space's tables that is there."""
    dataset: str | None = None
    """Data set: cifar10, cifar100 or ImageNet16-120, as far as the table has it."""
    metric: str | None = None
    """Metric to search on, by default the published validation accuracy: dataset/split/epochs[@seed]."""
    test_metric: str | None = None
    """Metric to report, by default the published test accuracy."""
    genetic: GeneticSettings = field(default_factory=GeneticSettings)
    """Settings of the genetic algorithm."""
    random: RandomSettings = field(default_factory=RandomSettings)
    """Settings of random search."""
    results: Path | None = None
    """Folder of the record; by default one under results/runs/ named after the configuration."""
    resume: bool = False
    """Go on where a killed run of this configuration stopped."""
    checkpoint_seconds: float = 2.0
    """Time between checkpoints."""
    load: tuple[Path, ...] = ()
    """Python files to run first, which register spaces, fitnesses or algorithms of your own."""


@dataclass(frozen=True)
class Result:
    """A finished study.

    Attributes:
        folder: where its record is.
        protocol: which metrics were searched on and reported, None without a table.
        best: the best cell of all repeats, in the form that papers print.
    """

    folder: Path
    protocol: Protocol | None
    best: Any

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """One row an evaluation."""
        return records.read_evaluations(self.folder)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a repeat."""
        return records.read_summary(self.folder)


def run(config: RunConfig, *, progress: bool = False) -> Result:
    """Runs a study, writes its record and picture, and gives both.

    Args:
        config: what to run.
        progress: show a progress bar on whatever takes more than two seconds.

    Raises:
        UnknownNameError: a space, fitness, algorithm, table, data set or metric that does not exist.
        TableNotFoundError: the fitness needs a table that is not there.
        RecordError: the results folder is another configuration's, another process's, or holds an unfinished run.
        NasbenchError: settings that cannot be run.
    """
    told = _run(config, progress)
    return Result(told.folder, told.protocol, told.best_cell)


def _run(config: RunConfig, progress: bool) -> Report:
    started = time.perf_counter()
    for path in config.load:
        _load_plugin(path)
    space, search, fitness = get_space(config.space), searches[config.algorithm], fitnesses[config.fitness]
    source = _find_table(config, space)
    table = open_source(source, progress=progress) if source else None
    metrics = protocol(table, config.dataset, config.metric, config.test_metric) if table is not None else None
    study = Study(
        space,
        fitness(FitnessContext(space, table, metrics)),
        partial(_make_search, search, space, _settings_of(config, search)),
        config.repeats,
        config.seed,
        Budget(config.evaluations, config.seconds),
    )
    folder = config.results or RUNS / _folder_name(config, table)
    recorder = records.Recorder(folder, _recorded(config, table), space.genes)
    with recorder.opened():
        rows = conduct(study, recorder, config.resume, config.checkpoint_seconds, progress)
        summary = summarise(rows, space, table, metrics)
        wall_seconds = [repeat.wall_seconds for repeat in study.repeats]
        times = {"repeat_wall_seconds": wall_seconds, "wall_seconds": time.perf_counter() - started}
        recorder.finish(rows, partial(_known_metrics, table), summary, environment() | times)
        instead_of = source.instead_of if source else ()
        told = Report(config.fitness, space, table, metrics, summary, wall_seconds, folder, instead_of)
        report.draw(told, rows, folder / report.PICTURE)
    return told


def _make_search(search: type[Search], space: Space, settings: Any, rng: np.random.Generator) -> Search:
    return search(space, rng, settings)


def _load_plugin(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise NasbenchError(f"--load expects Python files, and {path} is none.")
    if path.stem not in sys.modules:
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)


def _settings_of(config: RunConfig, search_class: type[Search]) -> Any:
    """The settings in the configuration that belong to this search; its defaults if there are none."""
    own = (value for value in vars(config).values() if type(value) is search_class.Settings)
    return next(own, None) or search_class.Settings()


def _find_table(config: RunConfig, space: Space) -> Source | None:
    """The table that was asked for, or the space's first that is there; None if there is none and none is needed."""
    if config.table is not None:
        is_path = config.table not in CATALOG and Path(config.table).exists()
        return Source(Path(config.table).stem, Path(config.table)) if is_path else find(config.table)
    try:
        return find_for_space(space.benchmark)
    except TableNotFoundError:
        if config.fitness == "accuracy":
            raise
        return None


def _folder_name(config: RunConfig, table: Table | None) -> str:
    digest = hashlib.sha256(json.dumps(_recorded(config, table), sort_keys=True, default=str).encode()).hexdigest()
    return f"{config.space}-{config.fitness}-{config.algorithm}-{digest[:8]}"


def _recorded(config: RunConfig, table: Table | None) -> dict[str, Any]:
    """What the results depend on, as JSON."""
    values = {key: value for key, value in dataclasses.asdict(config).items() if key not in _OPERATIONAL}
    values["load"] = [path.name for path in config.load]
    if table is not None:
        values["table"] = {"name": table.name, "fingerprint": table.fingerprint, **table.provenance}
    return values


def _known_metrics(table: Table | None, ids: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    return {metric: table.lookup(ids, metric) for metric in table.metrics} if table is not None else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        config = tyro.cli(RunConfig, prog="python -m nasbench_ga.run", args=arguments)
        report.show(_run(config, progress=True))

    return guarded(command)


class _CallableModule(types.ModuleType):
    """Lets `nasbench_ga.run(config)` work although `nasbench_ga.run` is also this module."""

    def __call__(self, config: RunConfig, *, progress: bool = False) -> Result:
        return run(config, progress=progress)


sys.modules[__name__].__class__ = _CallableModule

if __name__ == "__main__":
    sys.exit(main())
