"""One search study: a space, a fitness, an algorithm, many repeats.

`python -m nasbench_ga.run --space nb101 --fitness accuracy --repeats 10`, or in Python
`nasbench_ga.run(RunConfig(space="nb101", repeats=10))`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga import records
from nasbench_ga.callable_module import make_callable
from nasbench_ga.console import guarded
from nasbench_ga.environment import available_cores
from nasbench_ga.errors import NasbenchError, TableNotFoundError
from nasbench_ga.files import json_digest
from nasbench_ga.fitness import Fitness, FitnessContext, make_fitness
from nasbench_ga.fitness.trained import scenario_space, usual_dataset
from nasbench_ga.plugins import load_plugin
from nasbench_ga.report import PICTURE, Report, draw, show
from nasbench_ga.run_config import RunConfig
from nasbench_ga.run_options import configuration
from nasbench_ga.search import Search, UsualBudget, searches
from nasbench_ga.spaces import LayerChain, Space, get_space, spaces
from nasbench_ga.study import Budget, Study, conduct
from nasbench_ga.summary import summarise, summarise_cycles
from nasbench_ga.tables import (
    Metric,
    Objective,
    Source,
    Table,
    choose_objective,
    find,
    find_for_space,
    open_source,
    searched_datasets,
)
from nasbench_ga.training import DATASETS

if TYPE_CHECKING:
    import pandas as pd

RUNS = Path("results") / "runs"


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
    parts = _parts_of(config, progress)
    folder = config.results or RUNS / _folder_name(parts.recorded)
    trained_already = parts.fitness.in_turn and records.finished_repeats(folder) == config.repeats
    recorder = records.Recorder(folder, parts.recorded, parts.space.genes, config.resume or trained_already)
    with recorder.opened():
        earlier = recorder.earlier()
        parts.fitness.recall(earlier.known)
        if 0 < earlier.repeats == config.repeats:
            told = parts.report(folder, earlier)
            if (folder / PICTURE).exists():
                return told
        else:
            parts.fitness.prepare(recorder.keeping)
            told = _conducted(config, parts, recorder, earlier, progress, started)
        draw(told, folder / PICTURE)
    return told


@dataclass(frozen=True)
class _Parts:
    """What a configuration names, made: ready to be run.

    Attributes:
        space: that is searched.
        search: the algorithm.
        settings: of the algorithm.
        fitness: that is maximised.
        table: that is looked up in, None if there is none.
        objective: which of its metrics are searched on and reported.
        source: where the table is from.
        why_no_table: why there is none.
        budget: of a repeat.
        recorded: everything that the results depend on, as JSON.
    """

    space: Space
    search: type[Search]
    settings: Any
    fitness: Fitness
    table: Table | None
    objective: Objective | None
    source: Source | None
    why_no_table: str
    budget: Budget
    recorded: dict[str, Any]

    def report(self, folder: Path, held: records.Repeats) -> Report:
        """What a person reads of finished repeats."""
        return Report(
            name=self.recorded["fitness"],
            fitness=self.fitness,
            space=self.space,
            table=self.table,
            objective=self.objective,
            folder=folder,
            instead_of=self.source.instead_of if self.source else (),
            why_no_table=self.why_no_table,
            summary=held.summary,
            cycles=held.cycles,
            wall_seconds=held.wall_seconds,
            rows=held.rows,
            ends=self.budget.in_words(),
        )


def _parts_of(config: RunConfig, progress: bool) -> _Parts:
    plugins = {str(path): load_plugin(path) for path in config.load}
    space, search = _space_of(config), searches[config.algorithm]
    source, why_none = _find_table(config, space)
    table = open_source(source, progress=progress) if source else None
    objective = None
    if table is not None:
        table.check_space(space)
        objective = _objective_of(config, table)
    context = FitnessContext(
        space,
        table,
        objective,
        config.seed,
        dataset=config.dataset,
        goal=config.objective,
        settings=tuple(vars(config).values()),
        progress=progress,
    )
    fitness = make_fitness(config.fitness, context)
    if fitness.objectives and not search.multi_objective:
        several = [name for name, algorithm in searches.items() if algorithm.multi_objective]
        raise NasbenchError(
            f"There are several objectives ({', '.join(fitness.objectives)}), and {config.algorithm} searches for one: "
            f"take --algorithm {' or '.join(several)}, or another --objective."
        )
    settings = _settings_of(config, search)
    dataset = Metric.parse(objective.search).dataset if objective else None
    budget = _budget_of(config, fitness, search.usual_budget(settings, dataset))
    recorded = {
        **{key: getattr(config, key) for key in ("space", "fitness", "algorithm", "repeats", "seed")},
        "settings": search.describe(settings),
        **({} if space.Settings is None else {"space_settings": dataclasses.asdict(space.settings)}),
        "fitness_provenance": dict(fitness.provenance),
        "fitness_metric": fitness.metric,
        "seconds_are": fitness.seconds_are,
        "budget": dataclasses.asdict(budget),
        "table": table and {"name": table.name, "fingerprint": table.fingerprint, **table.provenance},
        "objective": objective and dataclasses.asdict(objective),
        "load": plugins,
    }
    return _Parts(space, search, settings, fitness, table, objective, source, why_none, budget, recorded)


def _conducted(
    config: RunConfig,
    parts: _Parts,
    recorder: records.Recorder,
    earlier: records.Repeats,
    progress: bool,
    started: float,
) -> Report:
    """Runs the repeats that are not there yet, and writes the record of all."""
    study = Study(
        parts.space,
        parts.fitness,
        lambda rng: parts.search(parts.space, rng, parts.settings),
        config.repeats,
        config.seed,
        parts.budget,
        only=range(earlier.repeats, config.repeats),
        workers=config.workers or available_cores(),
    )
    study.know(earlier.rows)
    conducted = conduct(study, recorder, config.checkpoint_seconds, progress)
    summary = summarise(conducted, parts.space, parts.table, parts.objective)
    trainings: list[dict[str, Any]] = []
    for row, own in zip(summary, conducted.by_repeat(), strict=True):
        number = row["repeat"]
        trainings += [{"repeat": number, **training} for training in parts.fitness.trainings(number)]
        if row["best_value"] is not None:
            row.update(parts.fitness.conclude(number, own.genotype[row["best_step"]], recorder.folder))
    logs = {repeat.number: repeat.search.log for repeat in study.repeats}
    held = earlier.followed_by(
        records.Repeats(
            rows=conducted,
            summary=summary,
            cycles=summarise_cycles(conducted, logs),
            trainings=trainings,
            known=dict(parts.fitness.known()),
            wall_seconds=[repeat.wall_seconds for repeat in study.repeats],
        )
    )
    (recorder.folder / PICTURE).unlink(missing_ok=True)
    recorder.finish(held, partial(_known_metrics, parts.table), time.perf_counter() - started, progress)
    return parts.report(recorder.folder, held)


def _space_of(config: RunConfig) -> Space:
    """The space, with its settings, for the images of the data set that is trained on if it is made for some."""
    kind = spaces[config.space]
    settings = next((own for own in vars(config).values() if type(own) is kind.Settings), None)
    if config.fitness != "trained":
        if config.objective is not None:
            raise NasbenchError(f"--objective is of the fitness trained, and the fitness is {config.fitness}.")
        return get_space(config.space, settings)
    dataset = DATASETS[config.dataset or usual_dataset(kind)]
    if issubclass(kind, LayerChain):
        return scenario_space(kind(settings, dataset.shape, dataset.classes), config.objective, config.trained)
    return get_space(config.space, settings).for_images(dataset.shape, dataset.classes)


def _objective_of(config: RunConfig, table: Table) -> Objective | None:
    """Which metrics of the table to search on and to report; none where it knows nothing of what is trained on."""
    if config.fitness == "trained" and config.dataset is not None and config.dataset not in searched_datasets(table):
        return None
    return choose_objective(table, config.dataset, config.metric, config.test_metric)


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
    return "-".join((recorded["space"], recorded["fitness"], recorded["algorithm"], json_digest(recorded)))


def _known_metrics(table: Table | None, ids: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    return {metric: table.lookup(ids, metric) for metric in table.metrics} if table is not None else {}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status."""

    def command() -> None:
        show(_run(configuration(sys.argv[1:] if arguments is None else arguments), progress=True))

    return guarded(command)


make_callable(__name__, run)

if __name__ == "__main__":
    sys.exit(main())
