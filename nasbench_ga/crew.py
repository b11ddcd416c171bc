"""Lets searches ask: one after another, or in processes of their own where that is faster."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from nasbench_ga.search import Search
from nasbench_ga.spaces import Genotypes

START_SECONDS = 3.0
"""What processes have to save to be worth starting: each imports what a surrogate needs."""


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def send_by_value(module: ModuleType) -> None:
    """Lets what a module defines go to other processes, which could not import it."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(module)


class Crew:
    """Processes in which searches ask; each search goes there and back, so the results are the same without them.

    Args:
        workers: how many processes at most; with one, everything stays here.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._last: tuple[float, float] | None = None

    def ask(self, searches: Sequence[Search], progress: float) -> list[tuple[Genotypes, float]]:
        """What each search asks for, and the seconds that it took.

        Args:
            searches: each is changed as by its own `ask`.
            progress: the share of all asking that is done, from 0 to 1.
        """
        workers = min(self.workers, len(searches))
        if workers > 1 and searches[0].slow_to_ask and self._saving(workers, progress) > START_SECONDS:
            answers = _ask_elsewhere(searches, workers)
        else:
            answers = [_timed_ask(search) for search in searches]
        self._last = progress, sum(seconds for _, seconds in answers)
        return answers

    def _saving(self, workers: int, progress: float) -> float:
        """The seconds that so many processes would save, if asking goes on to cost what it did last time."""
        if self._last is None or progress <= self._last[0]:
            return 0.0
        before, seconds = self._last
        return seconds * (1 - progress) / (progress - before) * (1 - 1 / workers)


def _timed_ask(search: Search) -> tuple[Genotypes, float]:
    start = time.perf_counter()
    return search.ask(), time.perf_counter() - start


def _ask_elsewhere(searches: Sequence[Search], workers: int) -> list[tuple[Genotypes, float]]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        answers = Parallel()(delayed(_ask_and_tell_state)(search) for search in searches)
    for search, (_, _, state) in zip(searches, answers, strict=True):
        search.restore(state)
    return [(asked, seconds) for asked, seconds, _ in answers]


def _ask_and_tell_state(search: Search) -> tuple[Genotypes, float, dict[str, Any]]:
    return *_timed_ask(search), search.state()
