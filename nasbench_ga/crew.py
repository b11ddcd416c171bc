"""Lets searches ask: one after another, or in processes of their own where that is faster."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench_ga.errors import NasbenchError
from nasbench_ga.plugins import load_plugin, loaded_plugins
from nasbench_ga.search import Search
from nasbench_ga.spaces import Genotypes

START_SECONDS = 8.0
"""What processes have to save to be worth starting: each imports what a surrogate needs."""


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

        Raises:
            NasbenchError: a search cannot be sent to another process.
        """
        workers = min(self.workers, len(searches))
        if workers > 1 and searches[0].slow_to_ask and self._saving(workers, progress) > START_SECONDS:
            answers = _ask_elsewhere(searches, workers)
        else:
            answers = [_timed_ask(search) for search in searches]
        self._last = (
            progress,
            len(answers) * min((seconds for _, seconds in answers), default=0.0),
        )  # the first imports a library
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

    plugins = loaded_plugins()
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        answers = Parallel()(delayed(_ask_there)(_packed(search), plugins) for search in searches)
    for search, (_, _, state) in zip(searches, answers, strict=True):
        search.restore(state)
    return [(asked, seconds) for asked, seconds, _ in answers]


def _packed(search: Search) -> bytes:
    """A search as bytes, what a notebook defines included."""
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(search)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise _cannot_be_sent(error) from error
    return packed


def _ask_there(packed: bytes, plugins: Sequence[Path]) -> tuple[Genotypes, float, dict[str, Any]]:
    """In another process: what the search asks for, the seconds, and its state afterwards."""
    for path in plugins:
        load_plugin(path)
    try:
        search: Search = pickle.loads(packed)  # noqa: S301
    except (AttributeError, ImportError, TypeError, pickle.UnpicklingError) as error:
        raise _cannot_be_sent(error) from error
    return *_timed_ask(search), search.state()


def _cannot_be_sent(error: Exception) -> NasbenchError:
    return NasbenchError(f"The search cannot be sent to another process ({error}); let it stay here with --workers 1.")
