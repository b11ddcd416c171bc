"""What a fitness is, and how one is registered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.registry import Registry
from nasbench_ga.rows import Rows
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.tables import Objective, Table

T = TypeVar("T")


@dataclass(frozen=True)
class Evaluation:
    """The outcome of evaluating n genotypes.

    Attributes:
        value: what is maximised, float64, shape (n,); NaN if there is none.
        seconds: what each evaluation cost, float64, shape (n,); NaN if unknown. `Fitness.seconds_are` says which.
        extras: further numbers worth recording, each float64, shape (n,).
    """

    value: NDArray[np.float64]
    seconds: NDArray[np.float64]
    extras: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


class Fitness(ABC):
    """What a search maximises. A study asks for every cell once, always by the same genotype.

    Attributes:
        metric: the table's metric that the value is, None if it is no published number.
        seconds_are: what the seconds mean, in words; those that begin with "measured" took place.
        by_identity: whether the value follows from the cell's number alone, so that any genotype of it will do.
        per_network: whether cells that are one network share one value, so that only one of them is evaluated.
        in_turn: whether an evaluation takes so long (seconds) that a study asks for one at a time, and for none when
            its budget is used up.
        same_everywhere: whether another machine would give the same values, but for the last digits.
        usual_evaluations: budget of a repeat where none is given.
        objectives: names of extras that are goals of their own, and whether more (1) or less (-1) is better; what a
            search for several objectives is told instead of the value, NaN where that is NaN. Often none.
        columns: names of extras, and of what `conclude` gives, that are printed for the best cell of each repeat, and
            the format of each.
        provenance: what the values depend on beside the genotypes, as JSON, for the record.
    """

    metric: str | None = None
    seconds_are: str = "measured"
    by_identity: bool = False
    per_network: bool = False
    in_turn: bool = False
    same_everywhere: bool = True
    usual_evaluations: int = 10_000
    objectives: Mapping[str, int] = MappingProxyType({})
    columns: Mapping[str, str] = MappingProxyType({})
    provenance: Mapping[str, Any] = MappingProxyType({})

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the results has to know, in sentences."""
        return ()

    def remarks(self, rows: Rows) -> Sequence[str]:  # noqa: ARG002
        """What a reader has to know of these evaluations, in sentences."""
        return ()

    @abstractmethod
    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """Evaluates valid genotypes, int8, shape (n, genes), of different cells."""

    def of_children(self, genotypes: Genotypes, parents: Genotypes) -> Evaluation:  # noqa: ARG002
        """Evaluates genotypes whose parents, int8, shape (n, p, genes), are known."""
        return self(genotypes)

    def prepare(self, folder: Path) -> None:  # noqa: B027  (most need nothing)
        """Takes a folder for whatever an evaluation needs to be gone on with; it is removed with the study's end.

        What can be known to be missing for every evaluation is told here, before anything is kept.
        """

    def of_repeat(self, repeat: int) -> Fitness:  # noqa: ARG002
        """The fitness of one repeat: itself, unless a cell has another value in each."""
        return self

    def known(self) -> Mapping[str, Any]:
        """What it found out that its values depend on, as JSON, for the record; often nothing."""
        return {}

    def recall(self, known: Mapping[str, Any]) -> None:  # noqa: B027  (most need nothing)
        """Takes what an earlier session found out, so that further repeats have the same fitness."""

    def trainings(self, repeat: int) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """What came of each training of a repeat, for the record: dictionaries of JSON. Often nothing is trained."""
        return ()

    def conclude(self, repeat: int, best: Genotypes, folder: Path) -> Mapping[str, float]:  # noqa: ARG002
        """What is measured of the best cell of a repeat when the search is over, for its summary.

        Args:
            repeat: its number.
            best: its best genotype, shape (genes,), in the form in which it was evaluated.
            folder: of the record, where files of this repeat may be put.
        """
        return {}


class FunctionFitness(Fitness):
    """A plain function as fitness."""

    def __init__(self, function: Callable[[Genotypes], Evaluation]) -> None:
        self.function = function

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """What the function says."""
        return self.function(genotypes)


@dataclass(frozen=True)
class FitnessContext:
    """What a fitness may be made from.

    Attributes:
        space: the space that is searched.
        table: the table at hand, None if there is none.
        objective: which of the table's metrics to search on and to report, None without a table.
        dataset: that was asked for, None if none was.
        goal: what networks that are trained are to be, None if nothing was said.
        seed: of the study, for a fitness that is random in itself.
        settings: of fitnesses, one object of each kind.
        progress: whether whatever takes long shows a bar.
    """

    space: Space
    table: Table | None
    objective: Objective | None
    seed: int = 0
    dataset: str | None = None
    goal: str | None = None
    settings: tuple[Any, ...] = ()
    progress: bool = False

    def settings_of(self, kind: type[T]) -> T:
        """The settings of this kind; its defaults if there are none."""
        return next((own for own in self.settings if type(own) is kind), None) or kind()


fitnesses: Registry[Callable[[FitnessContext], Fitness | Callable[[Genotypes], Evaluation]]] = Registry("fitness")
"""Factories of fitness functions, by name."""
register_fitness = fitnesses.register


def make_fitness(name: str, context: FitnessContext) -> Fitness:
    """The fitness registered under `name`.

    Raises:
        UnknownNameError: there is none; the message lists them.
        NasbenchError: it cannot be made from this context.
    """
    return as_fitness(fitnesses[name](context))


def as_fitness(fitness: Fitness | Callable[[Genotypes], Evaluation]) -> Fitness:
    """A fitness of what may be a plain function."""
    return fitness if isinstance(fitness, Fitness) else FunctionFitness(fitness)
