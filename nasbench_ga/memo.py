"""What is known of cells: each is evaluated once, however often searches come back to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import Evaluation, Fitness, as_fitness
from nasbench_ga.rows import PREDICTED, Rows
from nasbench_ga.spaces import Genotypes, Space


class Memo:
    """Evaluates every cell at most once, always by the same genotype, and remembers the outcome.

    Where evaluations take long they are done in turn, as far as a budget pays: the others have no value and cost more
    than any budget.

    Args:
        space: identifies cells.
        fitness: evaluates them; a plain function may be one.
    """

    def __init__(self, space: Space, fitness: Fitness | Callable[[Genotypes], Evaluation]) -> None:
        self.space = space
        self.fitness = as_fitness(fitness)
        self.places: dict[int, int] = {}
        self.columns = {name: np.empty(0) for name in ("value", "seconds")}

    def evaluate(
        self,
        genotypes: Genotypes,
        ids: NDArray[np.int64],
        parents: Genotypes | None = None,
        seconds_left: float = np.inf,
    ) -> Evaluation:
        """The evaluation of genotypes.

        Args:
            genotypes: shape (n, genes).
            ids: of their cells, shape (n,).
            parents: what each was made from, shape (n, p, genes), where that is known.
            seconds_left: what may still be spent; heeded where evaluations are done in turn.
        """
        keys = self._keys(genotypes, ids)
        unknown = np.flatnonzero(self._places_of(keys) < 0)
        if len(unknown):
            new, first = np.unique(keys[unknown], return_index=True)
            rows = unknown[first]
            if self.fitness.in_turn:
                self._evaluate_in_turn(keys, genotypes, parents, seconds_left)
            else:
                self._remember(new, self._outcome(genotypes, parents, rows))
        places = self._places_of(keys)
        columns = {name: np.where(places < 0, np.nan, column[places]) for name, column in self.columns.items()}
        return Evaluation(columns.pop("value"), np.where(places < 0, np.inf, columns.pop("seconds")), columns)

    def _outcome(self, genotypes: Genotypes, parents: Genotypes | None, rows: NDArray[np.int64]) -> Evaluation:
        chosen = genotypes[rows]
        if not self.fitness.by_identity:
            chosen = self.space.canonical(chosen, self.fitness.per_network)
        return self.fitness(chosen) if parents is None else self.fitness.of_children(chosen, parents[rows])

    def _evaluate_in_turn(
        self,
        keys: NDArray[np.int64],
        genotypes: Genotypes,
        parents: Genotypes | None,
        seconds_left: float,
    ) -> None:
        for row, key in enumerate(keys.tolist()):
            if seconds_left <= 0:
                break
            if key not in self.places:
                self._remember(keys[row : row + 1], self._outcome(genotypes, parents, np.array([row])))
            seconds_left -= float(self.columns["seconds"][self.places[key]])

    def restore(self, rows: Rows) -> None:
        """Takes the outcomes of earlier evaluations."""
        keys, first = np.unique(self._keys(rows.genotype, rows.id), return_index=True)
        new = self._places_of(keys) < 0
        known = rows.without(PREDICTED).take(first[new])
        self._remember(keys[new], Evaluation(known.value, known.seconds, known.extras))

    def _keys(self, genotypes: Genotypes, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        if not self.fitness.per_network:
            return ids
        return self.space.identify(self.space.canonical(genotypes, per_network=True))

    def _places_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.fromiter(map(self.places.get, keys.tolist(), itertools.repeat(-1)), np.int64, len(keys))

    def _remember(self, keys: NDArray[np.int64], outcome: Evaluation) -> None:
        start, end = len(self.places), len(self.places) + len(keys)
        for name, values in _checked(outcome, len(keys)).items():
            column = self.columns.get(name, np.empty(0))
            if end > len(column):
                column = np.concatenate([column, np.full(2 * end - len(column), np.nan)])
            column[start:end] = values
            self.columns[name] = column
        self.places.update(zip(keys.tolist(), range(start, end), strict=True))


def _checked(outcome: Evaluation, n: int) -> dict[str, NDArray[np.float64]]:
    """The columns of an evaluation of n genotypes, after making sure that they are what a fitness should give."""
    if not isinstance(outcome, Evaluation):
        raise NasbenchError(f"A fitness gives an Evaluation, not {type(outcome).__name__}.")
    reserved = {column.name for column in fields(Rows)} | {PREDICTED}
    for name in outcome.extras:
        if name in reserved or "/" in name:
            raise NasbenchError(f"The extras of a fitness need names of their own, not {name!r}.")
    columns = {"value": outcome.value, "seconds": outcome.seconds, **outcome.extras}
    for name, values in columns.items():
        array = np.asarray(values)
        if array.shape != (n,) or array.dtype.kind not in "fiub":
            raise NasbenchError(
                f"A fitness gives one real {name} for each genotype, shape ({n},); "
                f"got {array.dtype} of shape {array.shape}."
            )
        columns[name] = array.astype(np.float64)
    if np.isposinf(columns["value"]).any():
        raise NasbenchError("A fitness gave an infinite value, which nothing could be better than.")
    if (columns["seconds"] < 0).any():
        raise NasbenchError("A fitness gave negative seconds.")
    return columns
