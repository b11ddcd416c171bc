"""One search study: a space, a fitness, an algorithm, many repeats.

`python -m nasbench_ga.run --space nb101 --fitness accuracy --repeats 10`, or in Python
`nasbench_ga.run(RunConfig(space="nb101", repeats=10))`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import operator
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro
from numpy.typing import NDArray

from nasbench_ga import records
from nasbench_ga.callable_module import make_callable
from nasbench_ga.console import guarded
from nasbench_ga.environment import available_cores, environment
from nasbench_ga.errors import NasbenchError, TableNotFoundError
from nasbench_ga.files import read_json
from nasbench_ga.fitness import Fitness, FitnessContext, NASWTSettings, make_fitness
from nasbench_ga.plugins import load_plugin
from nasbench_ga.report import PICTURE, Report, draw, show
from nasbench_ga.rows import Rows
from nasbench_ga.search import GeneticSettings, NASEAFASettings, RandomSettings, Search, UsualBudget, searches
from nasbench_ga.spaces import Space, get_space
from nasbench_ga.study import Budget, Study, conduct
from nasbench_ga.summary import summarise, summarise_cycles
from nasbench_ga.tables import Metric, Objective, Source, Table, choose_objective, find, find_for_space, open_source

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("results") / "runs"


@dataclass(frozen=True)
class RunConfig:
    """Searches a space for the architecture with the highest fitness, many times over.

    Prints what each repeat found and what that is worth; writes the record of every evaluation and a picture.
    """

    space: str = "nb101"
    """What is searched: nb101, nb101-raw9, nats-tss, nats-tss-graph, nats-sss, or one of your own."""
    fitness: str = "accuracy"
    """What is maximised: accuracy (looked up in the table), naswt (score of untrained networks), or one of your own."""
    algorithm: str = "genetic"
    """How: genetic, nas-ea-fa, random, or one of your own."""
    repeats: int = 10
    """Independent runs; their results are a distribution."""
    seed: int = 0
    """Of the whole study; repeat i has the i-th generator spawned from it."""
    evaluations: int | None = None
    """Budget of a repeat in evaluations, a cell met again counting again; unless --seconds limits it, 10,000, or 500 if
    the fitness is naswt or the algorithm nas-ea-fa (seconds with its presets of Pan & Yao)."""
    seconds: float | None = None
    """Budget of a repeat in seconds of evaluations, simulated or measured; what would exceed it does not count."""
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
    nas_ea_fa: NASEAFASettings = field(default_factory=NASEAFASettings)
    """Settings of NAS-EA-FA."""
    random: RandomSettings = field(default_factory=RandomSettings)
    """Settings of random search."""
    naswt: NASWTSettings = field(default_factory=NASWTSettings)
    """Settings of the fitness naswt."""
    results: Path | None = None
    """Folder of the record; by default one under results/runs/ named after the configuration."""
    resume: bool = False
    """Go on where a killed run of this configuration stopped, or add repeats to a finished one in --results."""
    checkpoint_seconds: float = 2.0
    """Time between checkpoints."""
    workers: int | None = None
    """Processes in which repeats ask where that is slow and processes save time; by default one for each core. The
    results are the same with any number."""
    load: tuple[Path, ...] = ()
    """Python files to run first, which register spaces, fitnesses, algorithms or surrogates of your own."""

    def __post_init__(self) -> None:
        """Takes paths as text and numbers as numpy has them, and refuses what is no number."""
        for name, optional in (("repeats", False), ("seed", False), ("evaluations", True), ("workers", True)):
            value = getattr(self, name)
            if not (value is None and optional):
                try:
                    object.__setattr__(self, name, operator.index(value))
                except TypeError as error:
                    raise NasbenchError(f"{name} is an integer, not {value!r}.") from error
        if self.workers is not None and self.workers < 1:
            raise NasbenchError(f"workers is 1 or more, not {self.workers}.")
        if not self.checkpoint_seconds >= 0:
            raise NasbenchError(f"checkpoint_seconds is 0 or more, not {self.checkpoint_seconds}.")
        if self.results is not None:
            object.__setattr__(self, "results", Path(self.results))
        object.__setattr__(self, "load", tuple(map(Path, self.load)))


_GROUPED = re.compile(r"^--(genetic|nas-ea-fa|naswt|random)-")
"""Options of a group may be written with a dash too: --naswt-repeats for --naswt.repeats."""


@dataclass(frozen=True)
class Result:
    """A finished study.

    Attributes:
        folder: where its record is.
        objective: which metrics were searched on and reported, None without a table.
        best: the best cell of all repeats, in the form that papers print; None if no evaluated cell has a number.
    """

    folder: Path
    objective: Objective | None
    best: Any

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """One row an evaluation."""
        return records.read_evaluations(self.folder)

    @cached_property
    def cycles(self) -> pd.DataFrame:
        """One row a repeat and cycle: what the search learned from and how well it predicted; often none."""
        import pandas as pd

        return pd.DataFrame(records.read_cycles(self.folder))

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
    return Result(told.folder, told.objective, told.best_cell)


def _run(config: RunConfig, progress: bool) -> Report:
    started = time.perf_counter()
    plugins = {str(path): load_plugin(path) for path in config.load}
    space, search = get_space(config.space), searches[config.algorithm]
    source, why_none = _find_table(config, space)
    table = open_source(source, progress=progress) if source else None
    objective = None
    if table is not None:
        table.check_space(space)
        objective = choose_objective(table, config.dataset, config.metric, config.test_metric)
    own = tuple(vars(config).values())
    fitness = make_fitness(
        config.fitness, FitnessContext(space, table, objective, config.seed, settings=own, progress=progress)
    )
    settings = _settings_of(config, search)
    dataset = Metric.parse(objective.search).dataset if objective else None
    budget = _budget_of(config, fitness, search.usual_budget(settings, dataset))
    recorded = {
        **{key: getattr(config, key) for key in ("space", "fitness", "algorithm", "repeats", "seed")},
        "settings": search.describe(settings),
        "fitness_provenance": dict(fitness.provenance),
        "fitness_metric": fitness.metric,
        "seconds_are": fitness.seconds_are,
        "budget": dataclasses.asdict(budget),
        "table": table and {"name": table.name, "fingerprint": table.fingerprint, **table.provenance},
        "objective": objective and dataclasses.asdict(objective),
        "load": plugins,
    }
    folder = config.results or RUNS / _folder_name(recorded)
    recorder = records.Recorder(folder, recorded, space.genes, config.resume)
    report_of = partial(
        Report, config.fitness, fitness, space, table, objective, folder, source.instead_of if source else (), why_none
    )
    with recorder.opened():
        earlier = recorder.earlier()
        if 0 < earlier.repeats == config.repeats:
            rows = earlier.rows
            told = report_of(
                read_json(folder / records.SUMMARY), earlier.cycles, earlier.wall_seconds, rows.id, rows.value
            )
            if (folder / PICTURE).exists():
                return told
        else:
            study = Study(
                space,
                fitness,
                lambda rng: search(space, rng, settings),
                config.repeats,
                config.seed,
                budget,
                only=range(earlier.repeats, config.repeats),
                workers=config.workers or available_cores(),
            )
            study.memo.restore(earlier.rows)
            conducted = conduct(study, recorder, config.checkpoint_seconds, progress)
            rows = Rows.concatenate([earlier.rows, conducted], space.genes)
            wall_seconds = [*earlier.wall_seconds, *(repeat.wall_seconds for repeat in study.repeats)]
            logs = {repeat.number: repeat.search.log for repeat in study.repeats}
            cycles = [*earlier.cycles, *summarise_cycles(conducted, logs)]
            told = report_of(summarise(rows, space, table, objective), cycles, wall_seconds, rows.id, rows.value)
            here: dict[str, Any] = {
                **environment(),
                "repeat_wall_seconds": wall_seconds,
                "session_wall_seconds": time.perf_counter() - started,
            }
            if earlier.environments:
                here["earlier"] = earlier.environments
            (folder / PICTURE).unlink(missing_ok=True)
            recorder.finish(rows, partial(_known_metrics, table), told.summary, cycles, here, progress)
        draw(told, rows, folder / PICTURE)
    return told


def _settings_of(config: RunConfig, search: type[Search]) -> Any:
    """The settings in the configuration that belong to this search; its defaults if there are none."""
    own = (value for value in vars(config).values() if type(value) is search.Settings)
    return next(own, None) or search.Settings()


def _budget_of(config: RunConfig, fitness: Fitness, usual: UsualBudget | None) -> Budget:
    """What was given; else what is usual for the algorithm, or for the fitness."""
    if config.evaluations is not None or config.seconds is not None:
        return Budget(config.evaluations, config.seconds)
    if usual is not None:
        return Budget(usual.evaluations, usual.seconds)
    return Budget(fitness.usual_evaluations)


def _find_table(config: RunConfig, space: Space) -> tuple[Source | None, str]:
    """The table that was asked for, or the space's first that is here; why there is none, if none is needed."""
    if config.table is not None:
        return find(config.table), ""
    try:
        return find_for_space(space.benchmark), ""
    except TableNotFoundError as error:
        if config.fitness == "accuracy":
            raise
        return None, str(error)


def _folder_name(recorded: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest()
    return "-".join((recorded["space"], recorded["fitness"], recorded["algorithm"], digest[:8]))


def _known_metrics(table: Table | None, ids: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    return {metric: table.lookup(ids, metric) for metric in table.metrics} if table is not None else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        given = [_GROUPED.sub(r"--\1.", argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
        config = tyro.cli(RunConfig, prog="python -m nasbench_ga.run", args=given)
        show(_run(config, progress=True))

    return guarded(command)


make_callable(__name__, run)

if __name__ == "__main__":
    sys.exit(main())
