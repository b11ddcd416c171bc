"""Which searches are regressed: every combination of registered parts that can be made, asked of the parts themselves.

A combination is every registered space, with every table of it in the catalogue and every data set that the table can
be searched on, every registered fitness, and every registered algorithm. One that uses a surrogate is run with its
usual one everywhere, and with every registered one on the first data set by the first fitness that is looked up, or by
the first of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench_ga.data_folders import search_folders
from nasbench_ga.errors import DatasetNotFoundError, LibraryNotFoundError, NasbenchError, TableNotFoundError
from nasbench_ga.fitness import NASWT, Fitness, FitnessContext, NASWTSettings, fitnesses, make_fitness
from nasbench_ga.fitness.score_store import ScoreTable, score_tables
from nasbench_ga.registry import Registry
from nasbench_ga.run_config import RunConfig
from nasbench_ga.search import GeneticSettings, NASEAFASettings, NSGA2Settings, RandomSettings, searches
from nasbench_ga.spaces import get_space, spaces
from nasbench_ga.surrogates import surrogates
from nasbench_ga.tables import CATALOG, Table, choose_objective, open_table, searched_datasets

NOT_HERE = (TableNotFoundError, DatasetNotFoundError, LibraryNotFoundError)
"""What is raised where something is missing that another machine may have."""

REPEATS, SEED = 2, 0


@dataclass(frozen=True)
class Effort:
    """How much a case evaluates: enough to see a change, little enough to see it soon.

    Attributes:
        evaluations: of a repeat.
        at_a_time: evaluations of a generation or cycle.
        population: members of an inner generation of NAS-EA-FA.
        generations: of its inner evolution.
    """

    evaluations: int
    at_a_time: int
    population: int = 50
    generations: int = 10


LOOKED_UP = Effort(500, 50)
LEARNED = Effort(100, 25)
LEARNED_FROM_GRAPHS = Effort(12, 6, population=12, generations=3)  # graph networks take a second for each ten cells
COMPUTED = Effort(24, 8, population=20)


@dataclass(frozen=True)
class Combination:
    """One search, by the names of its parts.

    Attributes:
        space: what is searched.
        table: of the catalogue, None where that has none of the space.
        dataset: of the table that is searched on, None without one.
        fitness: what is maximised.
        scores: the finished table of NASWT scores that they are taken from, as a path below a data folder; None where
            they are computed, or for another fitness.
        algorithm: how.
        surrogate: what predicts, None for an algorithm that has no choice of them.
    """

    space: str
    table: str | None
    dataset: str | None
    fitness: str
    scores: str | None
    algorithm: str
    surrogate: str | None

    @property
    def group(self) -> tuple[str, str | None]:
        """Space and table: what one file of golden values is of."""
        return (self.space, self.table)

    @property
    def name(self) -> str:
        """What it is called within its group."""
        algorithm = f"{self.algorithm} ({self.surrogate})" if self.surrogate else self.algorithm
        fitness = f"{self.fitness} ({Path(self.scores).stem})" if self.scores else self.fitness
        return f"{algorithm} x {fitness}" + (f", {self.dataset}" if self.dataset else "")

    def __str__(self) -> str:
        return f"{self.space}{f' in {self.table}' if self.table else ''}: {self.name}"

    @property
    def parts(self) -> Iterator[tuple[Registry[Any], str]]:
        """The registered names that it consists of, each with its registry."""
        yield from ((spaces, self.space), (fitnesses, self.fitness), (searches, self.algorithm))
        if self.surrogate:
            yield surrogates, self.surrogate

    @property
    def has_parts_of_others(self) -> bool:
        """Whether one of its parts is none of this package's own: a plug-in's, or of nobody any more."""
        return any(name not in own_names(registry) for registry, name in self.parts)


def own_names(registry: Registry[Any]) -> set[str]:
    """The names of what this package itself has registered."""
    return {name for name, entry in registry.items() if str(entry.__module__).startswith("nasbench_ga.")}


@dataclass(frozen=True)
class Case:
    """A combination that can be run here.

    Attributes:
        combination: its parts.
        looked_up: whether its fitness is a published number, so that values and seconds are exact.
        table: fingerprint and source (SHA-256 of the published file, where it is one file) of its table; None without.
        effort: how much it evaluates.
        naswt: settings of NASWT scores, but for where they are kept.
    """

    combination: Combination
    looked_up: bool
    table: Mapping[str, str | None] | None
    effort: Effort
    naswt: Mapping[str, Any]

    def configuration(self, folder: Path, store: Path) -> RunConfig:
        """What to run, with its record in `folder` and NASWT scores kept in `store`."""
        own = self.combination
        return RunConfig(
            space=own.space,
            fitness=own.fitness,
            algorithm=own.algorithm,
            table=own.table,
            dataset=own.dataset,
            repeats=REPEATS,
            seed=SEED,
            evaluations=self.effort.evaluations,
            genetic=GeneticSettings(population=self.effort.at_a_time),
            nas_ea_fa=_nas_ea_fa(self.effort, own.surrogate),
            nsga_ii=NSGA2Settings(population=self.effort.at_a_time),
            random=RandomSettings(batch=self.effort.at_a_time),
            naswt=NASWTSettings(store=store, **self.naswt),
            results=folder,
            workers=1,
        )


def _nas_ea_fa(effort: Effort, surrogate: str | None) -> NASEAFASettings:
    farthest = effort.at_a_time * 2 // 5
    sizes = {"top": effort.at_a_time - farthest, "farthest": farthest}
    named = {"surrogate": surrogate} if surrogate else {}
    return NASEAFASettings(population=effort.population, generations=effort.generations, **sizes, **named)  # type: ignore[arg-type]


class Here:
    """What there is on this machine, asked once: tables, images, stored scores, libraries."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._fitnesses: dict[tuple[Any, ...], Fitness] = {}

    def table(self, name: str) -> Table:
        """A table of the catalogue.

        Raises:
            TableNotFoundError: it is not here.
            CorruptFileError: it is damaged.
        """
        if name not in self._tables:
            self._tables[name] = open_table(name)
        return self._tables[name]

    def ask(self, combination: Combination) -> Case:
        """The case of a combination.

        Raises:
            TableNotFoundError: its table, or its stored scores, are not here.
            DatasetNotFoundError: its images are not here.
            LibraryNotFoundError: a library that it needs is not installed.
            NasbenchError: there is no such combination; the message says why.
        """
        own = combination
        for registry, name in own.parts:
            registry[name]  # tells what nobody has registered
        if own.table is not None:
            CATALOG[own.table]
        fitness = self._fitness(own.space, own.table, own.dataset, own.fitness, own.scores)
        search = searches[own.algorithm]
        computed = fitness.metric is None
        effort = COMPUTED if computed else LOOKED_UP
        settings: Any = search.Settings()
        if own.surrogate is not None:
            if surrogates[own.surrogate].sees_graphs:
                effort = LEARNED_FROM_GRAPHS
            elif not computed:
                effort = LEARNED
            settings = _nas_ea_fa(effort, own.surrogate)
        search(get_space(own.space), np.random.default_rng(SEED), settings)  # tells what it cannot do
        table = self.table(own.table) if own.table else None
        edition = None
        if table is not None:
            edition = {"fingerprint": table.fingerprint, "source": table.provenance.get("sha256")}
        return Case(own, not computed, edition, effort, _naswt_settings(own.scores))

    def combinations(self, wanted: Callable[[str, str | None], bool]) -> Iterator[Combination]:
        """Every combination of what is registered, in the spaces and tables that are wanted and here."""
        for space in spaces:
            benchmark = get_space(space).benchmark
            tables: list[str | None] = [name for name, known in CATALOG.items() if known.space == benchmark]
            for table in tables or [None]:
                if wanted(space, table):
                    yield from self._of_group(space, table)

    def _of_group(self, space: str, table: str | None) -> Iterator[Combination]:
        try:
            datasets: list[str | None] = [*searched_datasets(self.table(table))] if table else [None]
        except TableNotFoundError:
            return
        for dataset in datasets:
            made = self._fitnesses_of(space, table, dataset)
            looked_up = [name for name, fitness in made.items() if fitness is not None and fitness.metric is not None]
            first = next(iter(looked_up or made), None)
            for name, fitness in made.items():
                thorough = dataset == datasets[0] and name == first
                for scores in [None, *(_stored_scores(space) if isinstance(fitness, NASWT) else ())]:
                    for algorithm in searches:
                        for surrogate in _surrogates_of(algorithm, thorough):
                            yield Combination(space, table, dataset, name, scores, algorithm, surrogate)

    def _fitnesses_of(self, space: str, table: str | None, dataset: str | None) -> dict[str, Fitness | None]:
        """Every fitness that there is in a space and table by name; None for one that needs what is not here."""
        made: dict[str, Fitness | None] = {}
        for name in fitnesses:
            try:
                made[name] = self._fitness(space, table, dataset, name, None)
            except NOT_HERE:
                made[name] = None
            except NasbenchError:
                continue
        return made

    def _fitness(self, space: str, table: str | None, dataset: str | None, name: str, scores: str | None) -> Fitness:
        key = (space, table, dataset, name, scores)
        if key not in self._fitnesses:
            opened = self.table(table) if table else None
            objective = choose_objective(opened, dataset) if opened else None
            settings = (NASWTSettings(**_naswt_settings(scores)),)
            context = FitnessContext(get_space(space), opened, objective, SEED, settings=settings)
            try:
                made = make_fitness(name, context)
            except ModuleNotFoundError as error:
                raise LibraryNotFoundError(f"The fitness {name} needs {error.name}, which is not installed.") from error
            if not made.same_everywhere:
                raise NasbenchError(f"The values of the fitness {name} are those of one machine.")
            self._fitnesses[key] = made
        return self._fitnesses[key]


def _surrogates_of(algorithm: str, thorough: bool) -> list[str | None]:
    """The surrogates to run an algorithm with: all if it is to be thorough, else its usual one; None if it has none."""
    if searches[algorithm].Settings is not NASEAFASettings:
        return [None]
    return [*surrogates] if thorough else [NASEAFASettings().surrogate]


def _stored_scores(space: str) -> list[str]:
    """The finished tables that hold the scores of all networks of a space, each as a path below a data folder."""
    benchmark = get_space(space).benchmark
    tables = (table for table in score_tables() if table.complete and table.key["benchmark"] == benchmark)
    return list(dict.fromkeys(map(_below_data, tables)))


def _below_data(scores: ScoreTable) -> str:
    return f"{scores.path.parent.name}/{scores.path.name}"


def _naswt_settings(scores: str | None) -> dict[str, Any]:
    """Those of a finished table, or few photographs and slim networks, which every machine can score soon.

    Raises:
        TableNotFoundError: the finished table is not here.
    """
    if scores is None:
        return {"dataset": "photographs", "batch": 4, "stem": 4, "device": "cpu"}
    for table in score_tables():
        if _below_data(table) == scores:
            return {"dataset": table.key["dataset"], "batch": table.key["batch"], "seed": table.key["seed"]}
    places = ", ".join(map(str, search_folders()))
    raise TableNotFoundError(f"The NASWT scores {scores} are in none of: {places}.")
