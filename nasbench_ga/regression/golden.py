"""Golden values on disk: one JSON file a space and table, which says in what it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nasbench_ga.environment import environment, processor_name
from nasbench_ga.errors import CorruptFileError
from nasbench_ga.files import json_digest, read_json, write_json
from nasbench_ga.regression.cases import Combination
from nasbench_ga.regression.outcomes import Outcome

FORMAT = "nasbench_ga.regress, format 1"
_OF_REPEAT = ("best_id", "best_step", "best_value", "metrics", "evaluations", "numbers", "mean_value", "seconds")

Environment = Mapping[str, str]
"""Versions of what results may depend on, by name."""


@dataclass(frozen=True)
class Golden:
    """What a combination found when its golden value was made.

    Attributes:
        combination: its parts.
        table: fingerprint and source of its table then (see `Case`).
        repeats: what each repeat found.
        made_in: the environment.
    """

    combination: Combination
    table: Mapping[str, str | None] | None
    repeats: list[Outcome]
    made_in: Environment


def present_environment() -> Environment:
    """The environment of this process."""
    facts = environment()
    packages = {name: version for name, version in facts["packages"].items() if name != "nasbench-ga"}
    return {"python": facts["python"], "processor": processor_name(), **packages}


class GoldenFolder:
    """The golden values in a folder.

    Args:
        folder: where they are; it need not exist.

    Raises:
        CorruptFileError: a JSON file in it is damaged, is no file of golden values, or is one under another name.

    Attributes:
        folder: where they are.
        values: by combination.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = {path: _read(path) for path in sorted(folder.glob("*.json"))}
        for path, values in self._files.items():
            if elsewhere := [self.path_of(combination) for combination in values if self.path_of(combination) != path]:
                raise CorruptFileError(f"{path} holds golden values that belong into {elsewhere[0]}. {_MEND}")
        self.values = {combination: own for values in self._files.values() for combination, own in values.items()}

    def path_of(self, combination: Combination) -> Path:
        """The file that holds, or would hold, the golden value of a combination."""
        names = [quote(name, safe=" ") for name in combination.group if name is not None]
        return self.folder / f"{'@'.join(names)}.json"

    def replace(self, values: Mapping[Combination, Golden]) -> list[Path]:
        """Writes the files whose values are others now, each whole or not at all, and gives their paths.

        Args:
            values: all that there are to be; a file without any is removed.
        """
        wanted: dict[Path, dict[Combination, Golden]] = {path: {} for path in self._files}
        for combination, golden in values.items():
            wanted.setdefault(self.path_of(combination), {})[combination] = golden
        changed = [path for path, own in wanted.items() if own != self._files.get(path)]
        for path in changed:
            if wanted[path]:
                write_json(path, _as_json(list(wanted[path].values())))
            else:
                path.unlink()
        self._files = {path: own for path, own in wanted.items() if own}
        self.values = dict(values)
        return changed


def _as_json(values: list[Golden]) -> dict[str, Any]:
    environments = {json_digest(golden.made_in): golden.made_in for golden in values}
    return {
        "format": FORMAT,
        "made_in": environments,
        "searches": {
            golden.combination.name: {
                **asdict(golden.combination),
                "table_read": golden.table,
                "made_in": json_digest(golden.made_in),
                "repeats": golden.repeats,
            }
            for golden in values
        },
    }


def _read(path: Path) -> dict[Combination, Golden]:
    try:
        content = read_json(path)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise CorruptFileError(f"{path} is no file of golden values ({FORMAT!r}).")
        values = [_golden(name, own, content["made_in"]) for name, own in content["searches"].items()]
    except CorruptFileError as error:
        raise CorruptFileError(f"{error} {_MEND}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptFileError(f"{path} is a damaged file of golden values ({error!r}). {_MEND}") from error
    return {golden.combination: golden for golden in values}


_MEND = "Restore it (git checkout), or remove it and make it anew with --update."


def _golden(name: str, own: dict[str, Any], environments: dict[str, Environment]) -> Golden:
    combination = Combination(**{part: own[part] for part in Combination.__dataclass_fields__})
    if name != combination.name:
        raise ValueError(f"{name!r} describes {combination.name!r}")
    for repeat in own["repeats"]:
        if set(repeat) != {*_OF_REPEAT, "evaluated"} or not isinstance(repeat["evaluated"], str):
            raise ValueError(f"a repeat of {name!r} lacks something")
    return Golden(combination, own["table_read"], own["repeats"], environments[own["made_in"]])
