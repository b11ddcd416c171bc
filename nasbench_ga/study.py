"""Drives the repeats of a search side by side: one call evaluates the candidates of all of them.

Each repeat has a generator of its own, spawned from one seed, and learns nothing of the others, so repeat i of many
is repeat i run alone. A cell is evaluated once, however often the repeats come back to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nasbench_ga.crew import Crew
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import Evaluation, Fitness, as_fitness
from nasbench_ga.memo import Memo
from nasbench_ga.records import Recorder
from nasbench_ga.rows import PREDICTED, Rows
from nasbench_ga.search import Search
from nasbench_ga.spaces import Genotypes, Space

T = TypeVar("T")
MOST_REPEATS = 1_000_000


@dataclass(frozen=True)
class Budget:
    """When a repeat ends: after so many evaluations, or before the one that would exceed so many seconds.

    Raises:
        NasbenchError: neither is limited, or a limit is not positive.
    """

    evaluations: int | None = 10_000
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuses budgets without end or without content."""
        if self.evaluations is None and self.seconds is None:
            raise NasbenchError("A budget limits evaluations, seconds, or both; got neither.")
        for name, limit in (("evaluations", self.evaluations), ("seconds", self.seconds)):
            if limit is not None and not 0 < limit < np.inf:
                raise NasbenchError(f"A budget of {name} is positive and finite, not {limit}.")

    def affordable(self, seconds_spent: float, seconds: NDArray[np.float64]) -> int:
        """How many of the next evaluations, costing `seconds` each (shape (n,)), end within the seconds that are left.

        Raises:
            NasbenchError: seconds are limited, and the cost of an evaluation that might still be paid is not known.
        """
        if self.seconds is None:
            return len(seconds)
        too_late = np.flatnonzero(~(np.cumsum([seconds_spent, *seconds])[1:] <= self.seconds))
        if not len(too_late):
            return len(seconds)
        if np.isnan(seconds[too_late[0]]):
            raise NasbenchError(
                "A budget in seconds needs the cost of every evaluation, and some are not known. Limit evaluations "
                "(--evaluations), or take a table with training times."
            )
        return int(too_late[0])

    def in_words(self) -> str:
        """A sentence if there are two limits, of which either may be what ended a repeat; else nothing."""
        if self.evaluations is None or self.seconds is None:
            return ""
        return f"A repeat ends after {self.evaluations:,} evaluations or {self.seconds:,g} seconds, whichever is first."

    def used_up(self, spent: int, seconds_spent: float) -> bool:
        """Whether nothing more can be evaluated."""
        return (self.evaluations is not None and spent >= self.evaluations) or (
            self.seconds is not None and seconds_spent >= self.seconds
        )


@dataclass
class Repeat:
    """One run of the search and what it has used so far."""

    number: int
    search: Search
    evaluations: int = 0
    generations: int = 0
    seconds: float = 0.0
    wall_seconds: float = 0.0
    finished: bool = False

    def state(self) -> dict[str, Any]:
        """All that changes while it runs."""
        return {**vars(self), "search": self.search.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from where `state` was taken."""
        self.search.restore(state["search"])
        vars(self).update({key: value for key, value in state.items() if key != "search"})


@dataclass(frozen=True)
class Asked:
    """What a repeat asks for, as far as its evaluations go.

    Attributes:
        repeat: that asks.
        candidates: to evaluate, shape (n, genes).
        complete: whether that is all that it asked for.
    """

    repeat: Repeat
    candidates: Genotypes
    complete: bool

    @property
    def parents(self) -> Genotypes | None:
        """What each was made from, shape (n, p, genes), if the search says so."""
        parents = self.repeat.search.parents
        return None if parents is None else parents[: len(self.candidates)]


class Study:
    """R repeats of one search on one fitness.

    Args:
        space: where to search.
        fitness: what to maximise; a plain function may be one.
        make_search: makes one search from its generator.
        repeats: how many.
        seed: of the whole study; repeat i uses the i-th generator spawned from it.
        budget: of each repeat.
        only: run these repeats alone; the others are left out.
        workers: processes in which repeats may ask, where that is slow; the results are the same with any number.
    """

    def __init__(
        self,
        space: Space,
        fitness: Fitness | Callable[[Genotypes], Evaluation],
        make_search: Callable[[np.random.Generator], Search],
        repeats: int,
        seed: int,
        budget: Budget,
        only: Iterable[int] | None = None,
        workers: int = 1,
    ) -> None:
        if not 1 <= repeats <= MOST_REPEATS:
            raise NasbenchError(f"A study has at least 1 repeat and at most {MOST_REPEATS:,}, not {repeats}.")
        if seed < 0:
            raise NasbenchError(f"A seed is 0 or a positive integer, not {seed}.")
        seeds = np.random.SeedSequence(seed).spawn(repeats)
        self.space = space
        self.budget = budget
        self.fitness = as_fitness(fitness)
        self.crew = Crew(workers)
        self.repeats = [
            Repeat(number, make_search(np.random.default_rng(seeds[number])))
            for number in (range(repeats) if only is None else only)
        ]
        shared = Memo(space, self.fitness)
        own = {repeat.number: self.fitness.of_repeat(repeat.number) for repeat in self.repeats}
        self.memos = {n: shared if fitness is self.fitness else Memo(space, fitness) for n, fitness in own.items()}

    @property
    def finished(self) -> bool:
        """Whether every repeat has used its budget."""
        return all(repeat.finished for repeat in self.repeats)

    @property
    def evaluations(self) -> int:
        """Evaluations so far, of all repeats."""
        return sum(repeat.evaluations for repeat in self.repeats)

    def advance(self) -> Rows:
        """Lets every unfinished repeat ask, evaluates all their candidates in one call, and tells each its values."""
        unfinished = [repeat for repeat in self.repeats if not repeat.finished]
        answers = self.crew.ask([repeat.search for repeat in unfinished], self.progress)
        asked = [Asked(own, *self._take(own, *answer)) for own, answer in zip(unfinished, answers, strict=True)]
        groups: dict[int, list[Asked]] = {}
        for own in asked:
            alone = self.fitness.in_turn
            groups.setdefault(own.repeat.number if alone else id(self.memos[own.repeat.number]), []).append(own)
        parts = [part for group in groups.values() for part in self._evaluate(group)]
        return Rows.concatenate(parts, self.space.genes)

    def _evaluate(self, group: Sequence[Asked]) -> Iterator[Rows]:
        """Evaluates what repeats with one memo ask for in one call, and charges and tells each of them."""
        memo = self.memos[group[0].repeat.number]
        genotypes = np.concatenate([own.candidates for own in group])
        ids = self.space.identify(genotypes)
        parents, left = None, np.inf
        if memo.fitness.in_turn:
            (own,) = group
            parents = own.parents
            left = np.inf if self.budget.seconds is None else self.budget.seconds - own.repeat.seconds
        outcome, seconds = _timed(lambda: memo.evaluate(genotypes, ids, parents, left))
        start = 0
        for own in group:
            rows = slice(start, start + len(own.candidates))
            start = rows.stop
            own.repeat.wall_seconds += seconds * len(own.candidates) / max(1, len(ids))
            yield self._account(own, ids[rows], outcome, rows)

    @property
    def progress(self) -> float:
        """The share of all budgets that is spent, from 0 to 1."""
        shares = []
        for repeat in self.repeats:
            spent = [(repeat.evaluations, self.budget.evaluations), (repeat.seconds, self.budget.seconds)]
            shares.append(1.0 if repeat.finished else max(used / limit for used, limit in spent if limit))
        return min(1.0, float(np.mean(shares)))

    def _take(self, repeat: Repeat, asked: Genotypes, seconds: float) -> tuple[Genotypes, bool]:
        """A repeat's candidates, as far as its evaluations go, and whether that is all that it asked for."""
        candidates = self.space.check(asked)
        predicted = repeat.search.predicted
        if predicted is not None and np.shape(predicted) != (len(candidates),):
            raise NasbenchError(
                f"A search that predicts says one value of each genotype it asks for, shape ({len(candidates)},); got "
                f"shape {np.shape(predicted)}."
            )
        repeat.wall_seconds += seconds
        left = len(candidates) if self.budget.evaluations is None else self.budget.evaluations - repeat.evaluations
        if not len(candidates) and not repeat.evaluations:
            raise NasbenchError(f"The search of repeat {repeat.number} asks for nothing to evaluate.")
        return candidates[:left], len(candidates) <= left

    def _account(self, asked: Asked, ids: NDArray[np.int64], outcome: Evaluation, rows: slice) -> Rows:
        """Charges one repeat for what its budget pays of its candidates, and tells it their values if it is all."""
        repeat, candidates, complete = asked.repeat, asked.candidates, asked.complete
        value, seconds = outcome.value[rows], outcome.seconds[rows]
        paid = self.budget.affordable(repeat.seconds, seconds)
        number = np.full(paid, repeat.number, np.int32)
        step = np.arange(repeat.evaluations, repeat.evaluations + paid, dtype=np.int32)
        generation = np.full(paid, repeat.generations, np.int32)
        extras = {key: column[rows][:paid] for key, column in outcome.extras.items()}
        if repeat.search.predicted is not None:
            extras[PREDICTED] = repeat.search.predicted[:paid]
        repeat.evaluations += paid
        repeat.generations += 1
        repeat.seconds = float(np.cumsum([repeat.seconds, *seconds[:paid]])[-1])
        if not repeat.evaluations:
            raise NasbenchError(
                f"The budget of {self.budget.seconds:,g} seconds does not pay for a single evaluation in repeat "
                f"{repeat.number}, of which the first takes {seconds[0]:,.3g}; raise it (--seconds), with another "
                "folder of results."
            )
        all_paid = complete and 0 < len(candidates) == paid
        repeat.finished = not all_paid or self.budget.used_up(repeat.evaluations, repeat.seconds)
        if not repeat.finished:
            told = self._objectives(outcome, rows) if repeat.search.multi_objective else value
            repeat.wall_seconds += _timed(lambda: repeat.search.tell(candidates, told))[1]
        return Rows(number, step, generation, ids[:paid], candidates[:paid], value[:paid], seconds[:paid], extras)

    def _objectives(self, outcome: Evaluation, rows: slice) -> NDArray[np.float64]:
        """What a search for several objectives is told: a column for each, of which more is better."""
        signs = self.fitness.objectives
        if not signs:
            return outcome.value[rows]
        told = np.stack([sign * outcome.extras[name][rows] for name, sign in signs.items()], axis=1)
        told[np.isnan(outcome.value[rows])] = np.nan
        return told

    def know(self, rows: Rows) -> None:
        """Takes the outcomes of earlier evaluations, so that none is done again."""
        for memo in {id(memo): memo for memo in self.memos.values()}.values():
            own = [number for number, other in self.memos.items() if other is memo]
            shared = memo.fitness is self.fitness
            memo.restore(rows if shared else rows.take(np.flatnonzero(np.isin(rows.repeat, own))))

    def state(self) -> list[dict[str, Any]]:
        """All that changes while it runs, but for the rows it has given."""
        return [repeat.state() for repeat in self.repeats]

    def restore(self, state: Sequence[dict[str, Any]], rows: Rows) -> None:
        """Goes on from where `state` was taken, `rows` being all that it had given by then."""
        for repeat, own in zip(self.repeats, state, strict=True):
            repeat.restore(own)
        self.know(rows)


def conduct(study: Study, recorder: Recorder, checkpoint_seconds: float = 2.0, progress: bool = False) -> Rows:
    """Runs a study to its end and gives all its rows, by repeat and step.

    Args:
        study: fresh; it is taken to where an earlier run stopped if the recorder is to resume one.
        recorder: of an opened folder (see `Recorder.opened`).
        checkpoint_seconds: time between checkpoints.
        progress: show a bar if it takes more than two seconds.
    """
    if (state := recorder.saved_state()) is not None:
        study.restore(state, recorder.rows())
    elif study.fitness.in_turn:
        recorder.checkpoint(study.state())  # from now on, what evaluations leave for going on is kept
    limit = study.budget.evaluations
    total = limit * len(study.repeats) if limit else None
    last_checkpoint = time.monotonic()
    with tqdm(total=total, unit=" evaluations", delay=2, disable=not progress, initial=study.evaluations) as bar:
        while not study.finished:
            rows = study.advance()
            recorder.append(rows)
            bar.update(len(rows))
            if time.monotonic() - last_checkpoint >= checkpoint_seconds:
                recorder.checkpoint(study.state())
                last_checkpoint = time.monotonic()
    return recorder.rows()


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return call(), time.perf_counter() - start
