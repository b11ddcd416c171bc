"""The errors that nasbench_ga raises on purpose: what was expected, what came, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NasbenchError(ValueError):
    """Base of every error that a user can cause and mend; its text is meant for that user."""


class UnknownNameError(NasbenchError, KeyError):
    """A name that is not among the registered or stored ones.

    Args:
        kind: what the name should have named, in the singular ("space", "metric").
        name: what was given.
        choices: every name that would have been right.
        where: where it should have been (" in table nb101"), for the message.
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str], where: str = "") -> None:
        self.kind, self.name, self.choices, self.where = kind, name, tuple(choices), where
        nearest = difflib.get_close_matches(str(name), self.choices, n=1, cutoff=0.4)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
        listed = ", ".join(self.choices) or "none"
        super().__init__(f"There is no {kind} {name!r}{where}{hint} Choose from: {listed}.")

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...], str]]:
        return UnknownNameError, (self.kind, self.name, self.choices, self.where)


class CorruptFileError(NasbenchError):
    """A file whose content contradicts its own format, checksum or size."""


class TableNotFoundError(NasbenchError):
    """No file of the wanted table in any of the places that were searched."""


class DatasetNotFoundError(NasbenchError):
    """The files of the wanted images are in none of the places that were searched, or not all of them are."""


class LibraryNotFoundError(NasbenchError):
    """A library beyond the core dependencies that is needed and not installed."""


class RecordError(NasbenchError):
    """A results folder that cannot be written, read or continued as asked."""


class NothingToLearnError(NasbenchError):
    """Labels that teach a surrogate nothing: fewer than two different finite numbers."""
