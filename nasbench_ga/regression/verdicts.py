"""A case run and held against its golden value."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nasbench_ga.errors import NasbenchError
from nasbench_ga.regression.cases import Case, Combination
from nasbench_ga.regression.golden import Environment, Golden
from nasbench_ga.regression.outcomes import Outcome, differences, outcome
from nasbench_ga.run import run


class Status(StrEnum):
    """What came of a combination, as it is printed."""

    AGREES = "agrees"
    DIFFERS = "DIFFERS"
    MISSING = "MISSING"
    FAILS = "FAILS"
    ORPHANED = "ORPHAN"
    NOT_HERE = "not here"
    NEW = "new"
    MOVED = "moved"
    REMOVED = "removed"


@dataclass(frozen=True)
class Verdict:
    """What came of a combination.

    Attributes:
        combination: its parts.
        status: in a word.
        details: in which places it differs, or why, a line each.
        seconds: that it took.
        found: its golden value as it would be now, None if it was not run.
    """

    combination: Combination
    status: Status
    details: tuple[str, ...] = ()
    seconds: float = 0.0
    found: Golden | None = None


class _CaseFailedError(NasbenchError):
    """A search that did not end well."""


def verdicts(
    cases: list[tuple[Case, Golden | None]], now: Environment, update: bool, report: Callable[[Verdict], None]
) -> list[Verdict]:
    """Runs cases one after the other, in a temporary folder, and holds each against its golden value.

    Args:
        cases: each with its golden value, None if it has none; such a one is run for an update only.
        now: the present environment.
        update: say what is new and what moved, not what is missing or differs.
        report: is told each verdict as soon as there is one.
    """
    given = []
    with tempfile.TemporaryDirectory(prefix="nasbench_ga-regress-") as folder:
        for number, (case, golden) in enumerate(cases):
            verdict = _verdict(case, golden, now, update, Path(folder, str(number)), Path(folder, "store"))
            report(verdict)
            given.append(verdict)
    return given


def _verdict(case: Case, golden: Golden | None, now: Environment, update: bool, folder: Path, store: Path) -> Verdict:
    own = case.combination
    if golden is None and not update:
        return Verdict(own, Status.MISSING, ("it has no golden value; make it with --update",))
    started = time.perf_counter()
    try:
        repeats = _run(case, folder, store)
    except NasbenchError as error:
        return Verdict(own, Status.FAILS, (str(error),), time.perf_counter() - started)
    seconds = time.perf_counter() - started
    found = Golden(own, case.table, repeats, now)
    if golden is None:
        return Verdict(own, Status.NEW, (), seconds, found)
    lines = tuple(_all_differences(case, golden, repeats))
    if not lines:
        return Verdict(own, Status.AGREES, (), seconds, golden)
    return Verdict(own, Status.MOVED if update else Status.DIFFERS, lines, seconds, found)


def _run(case: Case, folder: Path, store: Path) -> list[Outcome]:
    try:
        return outcome(run(case.configuration(folder, store)), case.looked_up)
    except NasbenchError:
        raise
    except Exception as error:  # a defect in one search leaves the others to be compared
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        raise _CaseFailedError(f"{type(error).__name__}: {error} ({place})") from error


def _all_differences(case: Case, golden: Golden, repeats: list[Outcome]) -> Iterator[str]:
    if golden.table != case.table:
        before, now = (str((table or {}).get("fingerprint"))[:12] for table in (golden.table, case.table))
        yield f"its table is read otherwise: fingerprint {before} -> {now}"
    yield from differences(golden.repeats, repeats, case.looked_up)
