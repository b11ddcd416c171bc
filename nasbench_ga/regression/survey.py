"""What is to be compared: cases and golden values held against each other before anything is run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from nasbench_ga.errors import NasbenchError, TableNotFoundError
from nasbench_ga.regression.cases import NOT_HERE, Case, Combination, Here
from nasbench_ga.regression.golden import Golden
from nasbench_ga.tables import CATALOG


@dataclass(frozen=True)
class Selection:
    """Which combinations and golden values are wanted; of an empty list of names, all.

    Attributes:
        spaces: names.
        tables: names.
        fitnesses: names.
        algorithms: names.
        of_others: of searches with a part that is not this package's own, and no others; otherwise of those without,
            and golden values of any.
    """

    spaces: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    fitnesses: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    of_others: bool = False

    def wants_group(self, space: str, table: str | None) -> bool:
        """Whether a space with a table is wanted."""
        return _among(space, self.spaces) and _among(table, self.tables)

    def wants(self, combination: Combination) -> bool:
        """Whether a combination is wanted."""
        return (
            self.wants_group(*combination.group)
            and _among(combination.fitness, self.fitnesses)
            and _among(combination.algorithm, self.algorithms)
            and (combination.has_parts_of_others or not self.of_others)
        )


def _among(name: str | None, names: Collection[str | None]) -> bool:
    return not names or name in names


@dataclass(frozen=True)
class Survey:
    """Every wanted case and every wanted golden value, each in one of these.

    Attributes:
        cases: that can be run here, with a golden value or without.
        not_here: golden values, and cases, that need what is not here, with the reason.
        orphans: golden values that no case is for, with the reason.
        tables_not_here: tables of wanted spaces that are not here and have no golden value.
    """

    cases: Mapping[Combination, Case]
    not_here: Mapping[Combination, str]
    orphans: Mapping[Combination, str]
    tables_not_here: tuple[str, ...]


def survey(selection: Selection, golden: Mapping[Combination, Golden], here: Here) -> Survey:
    """Holds the wanted cases against the golden values; runs nothing."""
    cases: dict[Combination, Case] = {}
    not_here: dict[Combination, str] = {}
    orphans: dict[Combination, str] = {}
    for combination in filter(selection.wants, here.combinations(selection.wants_group)):
        if combination.has_parts_of_others != selection.of_others:
            continue
        try:
            case = here.ask(combination)
        except NOT_HERE as error:
            not_here[combination] = str(error)
        except NasbenchError:
            continue  # these parts do not go together; a golden value of theirs is an orphan, told below
        else:
            if reason := _other_edition(case, golden.get(combination)):
                not_here[combination] = reason
            else:
                cases[combination] = case
    for combination in filter(selection.wants, golden.keys() - cases.keys() - not_here.keys()):
        try:
            here.ask(combination)
            orphans[combination] = "it is none of today's cases"
        except NOT_HERE as error:
            not_here[combination] = str(error)
        except NasbenchError as error:
            orphans[combination] = str(error)
    return Survey(cases, not_here, orphans, _tables_not_here(selection, golden, here))


def _other_edition(case: Case, golden: Golden | None) -> str:
    """Why a golden value cannot be held against the table that is here; nothing if it can.

    A table that was read from the very file that the golden value is of has to hold the same, or reading has changed.
    """
    before, now = (golden.table if golden else None), case.table
    if before is None or now is None or before["fingerprint"] == now["fingerprint"]:
        return ""
    if before["source"] is not None and before["source"] == now["source"]:
        return ""
    return (
        f"The table {case.combination.table} that is here (fingerprint {str(now['fingerprint'])[:12]}) is another "
        f"edition than the one of the golden values ({str(before['fingerprint'])[:12]}). Make some of this one in a "
        "folder of its own: --golden FOLDER --update"
    )


def _tables_not_here(selection: Selection, golden: Mapping[Combination, Golden], here: Here) -> tuple[str, ...]:
    known = {combination.table for combination in golden}
    missing = []
    for name, publication in CATALOG.items():
        if name not in known and selection.wants_group(publication.space, name):
            try:
                here.table(name)
            except TableNotFoundError:
                missing.append(name)
    return tuple(missing)
