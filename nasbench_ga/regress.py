"""Exact regression of searches: what each finds on the tables that are here, against what it found before.

`python -m nasbench_ga.regress` in CI, and `python -m nasbench_ga.regress --update` after a change that is meant.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from nasbench_ga.console import guarded
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import fitnesses
from nasbench_ga.plugins import load_plugin
from nasbench_ga.regression import (
    DIGITS,
    Combination,
    Environment,
    Golden,
    GoldenFolder,
    Here,
    Selection,
    Status,
    Survey,
    Verdict,
    present_environment,
    survey,
    verdicts,
)
from nasbench_ga.search import searches
from nasbench_ga.spaces import spaces
from nasbench_ga.tables import CATALOG

FAILURES = (Status.DIFFERS, Status.MISSING, Status.FAILS, Status.ORPHANED)


@dataclass(frozen=True)
class RegressConfig:
    """Runs every algorithm on every space by every fitness, briefly, and compares exactly with what it found before.

    The exit status is 0 if everything agrees, nothing lacks a golden value, and no golden value lacks its search.
    """

    space: tuple[str, ...] = ()
    """Only these spaces."""
    fitness: tuple[str, ...] = ()
    """Only these fitnesses."""
    algorithm: tuple[str, ...] = ()
    """Only these algorithms."""
    table: tuple[str, ...] = ()
    """Only these tables of the catalogue."""
    golden: Path = Path("results") / "golden"
    """Folder of the golden values."""
    update: bool = False
    """Write the golden values of what was selected anew, remove orphans, and print what moved."""
    require_all: bool = False
    """Fail too if a golden value could not be compared because its table, images or library is not here."""
    load: tuple[Path, ...] = ()
    """Python files to run first, which register spaces, fitnesses, algorithms or surrogates of your own; then only
    searches with one of these are compared."""

    def __post_init__(self) -> None:
        """Takes paths as text."""
        object.__setattr__(self, "golden", Path(self.golden))
        object.__setattr__(self, "load", tuple(map(Path, self.load)))


def regress(config: RegressConfig, *, tell: bool = False) -> list[Verdict]:
    """Compares searches with their golden values, or updates these.

    Args:
        config: which, and where the golden values are.
        tell: print each verdict as it comes, and a summary.

    Returns:
        One verdict for each search and each golden value that was selected.

    Raises:
        UnknownNameError: a space, fitness, algorithm or table that does not exist.
        CorruptFileError: a golden file, or a table, is damaged.
        NasbenchError: there is nothing to compare, or a file cannot be written.
    """
    started = time.perf_counter()
    for path in config.load:
        load_plugin(path)
    for registry, names in ((spaces, config.space), (fitnesses, config.fitness), (searches, config.algorithm)):
        for name in names:
            registry[name]
    for name in config.table:
        CATALOG[name]
    if not config.update and not config.golden.is_dir():
        raise NasbenchError(f"There are no golden values at {config.golden}; make them with --update.")
    folder, now = GoldenFolder(config.golden), present_environment()
    selection = Selection(config.space, config.table, config.fitness, config.algorithm, bool(config.load))
    known = folder.values
    found = survey(selection, known, Here())
    if not found.cases and not found.orphans:
        raise NasbenchError(f"Nothing of what was selected can be run here, so nothing was compared.{_why(found)}")
    report = _print_verdict if tell else lambda _: None
    cases = [(case, known.get(combination)) for combination, case in found.cases.items()]
    given = [*verdicts(cases, now, config.update, report), *_of_orphans(found, config.update, report)]
    given += [Verdict(one, Status.NOT_HERE, (reason,)) for one, reason in found.not_here.items() if one in known]
    if config.update:
        made = {verdict.combination: verdict.found for verdict in given if verdict.found}
        kept = {combination: own for combination, own in known.items() if combination not in found.orphans}
        written = folder.replace(kept | made)
    if tell:
        _print_summary(given, known, now, found, time.perf_counter() - started)
        if config.update:
            print(f"Written: {', '.join(map(str, written)) or 'nothing, as nothing has changed'}.")
    return given


def passed(given: Iterable[Verdict], require_all: bool = False) -> bool:
    """Whether nothing differs, fails, lacks a golden value or is orphaned; if all are required, nor is not here."""
    wrong = (*FAILURES, Status.NOT_HERE) if require_all else FAILURES
    return not any(verdict.status in wrong for verdict in given)


def _of_orphans(found: Survey, update: bool, report: Callable[[Verdict], None]) -> list[Verdict]:
    status = Status.REMOVED if update else Status.ORPHANED
    given = [
        Verdict(one, status, (f"a golden value without a search: {reason}",)) for one, reason in found.orphans.items()
    ]
    for verdict in given:
        report(verdict)
    return given


def _why(found: Survey) -> str:
    reasons = "".join(f" {reason}" for reason in dict.fromkeys(found.not_here.values()))
    return f"{reasons}{_tables_not_here(found)}"


def _tables_not_here(found: Survey) -> str:
    if not found.tables_not_here:
        return ""
    return f" Tables that are neither here nor have golden values: {', '.join(found.tables_not_here)}."


def _print_verdict(verdict: Verdict) -> None:
    print(f"{verdict.status:8} {verdict.seconds:5.1f} s  {verdict.combination}", flush=True)
    for line in verdict.details:
        print(f"{'':18}{line}", flush=True)


def _print_summary(
    given: Sequence[Verdict], known: Mapping[Combination, Golden], now: Environment, found: Survey, seconds: float
) -> None:
    for reason, count in Counter(verdict.details[0] for verdict in given if verdict.status is Status.NOT_HERE).items():
        print(f"Not compared: {count} golden values. {reason}")
    if text := _tables_not_here(found):
        print(text.strip())
    moved = [known[verdict.combination] for verdict in given if verdict.status in (Status.DIFFERS, Status.MOVED)]
    for cause, count in Counter(_cause(golden.made_in, now) for golden in moved).items():
        print(f"Of those that differ, {count} {cause}.")
    counts = Counter(verdict.status for verdict in given)
    print(", ".join(f"{counts[status]} {_IN_WORDS[status]}" for status in Status if counts[status]), end="; ")
    print(f"{seconds:.0f} s. Compared exactly, but computed fitness values (NASWT scores) to {DIGITS} digits.")


_IN_WORDS = {
    Status.AGREES: "agree",
    Status.DIFFERS: "differ",
    Status.MISSING: "lack a golden value",
    Status.FAILS: "fail",
    Status.ORPHANED: "golden values have no search",
    Status.NOT_HERE: "golden values could not be compared here",
    Status.NEW: "are new",
    Status.MOVED: "moved",
    Status.REMOVED: "golden values were removed",
}


def _cause(made_in: Environment, now: Environment) -> str:
    """What is other than when golden values were made."""
    names = sorted({*made_in, *now}, key=lambda name: (name not in ("python", "processor"), name))
    other = [
        f"{name} {made_in.get(name, '(none)')}, here {now.get(name, '(none)')}"
        for name in names
        if made_in.get(name) != now.get(name)
    ]
    if other:
        return f"have golden values made with other versions, which may be why: {'; '.join(other)}"
    return "have golden values made with the very same versions and processor, so the code is what changed"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit status: 1 if anything is not as it was."""
    failed = False

    def command() -> None:
        nonlocal failed
        config = tyro.cli(RegressConfig, prog="python -m nasbench_ga.regress", args=arguments)
        failed = not passed(regress(config, tell=True), config.require_all)

    return guarded(command) or int(failed)


if __name__ == "__main__":
    sys.exit(main())
