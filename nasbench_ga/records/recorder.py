"""Writing the record of a run, so that nothing is lost and a killed run goes on.

While a study runs, its folder also holds `progress/`: the rows so far in numbered parts, and the state that belongs
to them. Each file is written whole or not at all, the state after its rows, so a study killed at any moment goes on
from the last state. What is written at the end depends on the configuration alone, but for `environment.json`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from nasbench_ga.environment import environment
from nasbench_ga.errors import CorruptFileError, NasbenchError, RecordError
from nasbench_ga.files import (
    atomic_path,
    load_plain_pickle,
    read_checked,
    read_json,
    write_bytes,
    write_checked,
    write_json,
)
from nasbench_ga.records.columns import Metrics, as_rows, read_parquet, read_part, rows_as_bytes, write_parquet
from nasbench_ga.records.finished import read_cycles, read_known, read_record, read_trainings
from nasbench_ga.records.layout import (
    CONFIG,
    CYCLES,
    ENVIRONMENT,
    EVALUATIONS,
    FITNESS,
    SUMMARY,
    TRAININGS,
    finished_repeats,
    is_finished,
    progress_folder,
    state_file,
)
from nasbench_ga.records.repeats import Repeats
from nasbench_ga.rows import Rows

T = TypeVar("T")
FORMAT = 1


class Recorder:
    """Writes one study's record into its folder, and takes up an unfinished one.

    Args:
        folder: made if missing.
        config: everything the results depend on, as JSON; a folder of another configuration is refused.
        genes: genes of a genotype.
        resume: go on from an unfinished run of this configuration, or add repeats to a finished one of fewer.
    """

    def __init__(self, folder: Path, config: dict[str, Any], genes: int, resume: bool = False) -> None:
        self.folder = folder
        self.config: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **config}))
        self.genes = genes
        self.resume = resume
        self._digests: list[str] = []
        self._pending: list[Rows] = []
        self._written: list[Rows] = []

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Makes the folder ready and keeps other processes out of it.

        Raises:
            RecordError: the folder belongs to another configuration or process, or cannot be written.
        """
        self._refuse_other_configuration()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock").acquire(timeout=0)
        except Timeout as error:
            raise RecordError(
                f"Another process is writing {self.folder}; wait for it or choose another folder."
            ) from error
        except OSError as error:
            raise RecordError(f"Cannot write {self.folder}: {error.strerror or error}.") from error
        with lock:
            self._refuse_other_configuration()
            for leftover in self.folder.glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
            if not self._state_file.exists():
                shutil.rmtree(self._progress, ignore_errors=True)
            try:
                yield
            finally:
                self._leave_no_empty_folder()

    def _leave_no_empty_folder(self) -> None:
        if {child.name for child in self.folder.iterdir()} <= {".lock"}:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _refuse_other_configuration(self) -> None:
        path = self.folder / CONFIG
        if self.folder.exists() and not self.folder.is_dir():
            raise RecordError(f"{self.folder} is a file; choose a folder with --results.")
        if not path.exists():
            if self.folder.exists() and any(not child.name.startswith(".") for child in self.folder.iterdir()):
                raise RecordError(
                    f"{self.folder} is not empty and no record of a run; choose another folder with --results."
                )
            return
        held = self._damage_named(lambda: read_json(path))
        different = differing_keys(held, self.config)
        if different == ["repeats"]:
            self._refuse_other_repeats(held["repeats"])
        elif different:
            raise RecordError(
                f"{self.folder} holds results of another configuration (it differs in {', '.join(different)}); "
                "nothing was changed. Choose another folder with --results."
            )

    def _refuse_other_repeats(self, held: int) -> None:
        wanted = self.config["repeats"]
        if not (self.resume and self.finished and held < wanted):
            held_here = f"{self.folder} holds {held} repeats of this configuration, and {wanted} are wanted; "
            if held > wanted:
                raise RecordError(f"{held_here}choose another folder with --results.")
            if self.finished:
                raise RecordError(f"{held_here}add the others with --resume.")
            raise RecordError(f"{held_here}finish those first, with --repeats {held} --resume.")

    def earlier(self) -> Repeats:
        """The repeats that need not be run, as a finished record of fewer holds them; often none.

        Raises:
            CorruptFileError: the record is damaged.
        """
        first = self._first_repeat() if self.resume else 0
        if not first:
            return Repeats(Rows.concatenate([], self.genes))
        return self._damage_named(lambda: self._held_before(first))

    def _held_before(self, first: int) -> Repeats:
        """The first repeats of the record."""
        whole = self.finished
        rows = read_record(self.folder).rows if whole else as_rows(read_parquet(self.folder / EVALUATIONS))
        last = read_json(self.folder / ENVIRONMENT)

        def before_first(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [own for own in told if own["repeat"] < first]

        return Repeats(
            rows=rows.take(np.flatnonzero(rows.repeat < first)),
            summary=before_first(read_json(self.folder / SUMMARY)),
            cycles=before_first(read_cycles(self.folder)),
            trainings=before_first(read_trainings(self.folder)),
            known=read_known(self.folder),
            wall_seconds=last["repeat_wall_seconds"][:first],
            environments=[*last.pop("earlier", []), last],
        )

    def _first_repeat(self) -> int:
        """The first repeat that is to be run, or gone on with."""
        if self._state_file.exists():
            return int(self._damage_named(self._read_state)["repeats"][0]["number"])
        return finished_repeats(self.folder)

    def saved_state(self) -> list[dict[str, Any]] | None:
        """The state of an unfinished study to go on from, None if there is none; its rows are in `rows` then.

        Raises:
            RecordError: there is an unfinished study, and resuming was not asked for.
            CorruptFileError: its files are damaged.
        """
        if not self._state_file.exists():
            return None
        if not self.resume:
            raise RecordError(
                f"{self.folder} holds an unfinished run; go on with --resume, or delete the folder to start again."
            )
        return self._damage_named(self._taken_up)

    def _taken_up(self) -> list[dict[str, Any]]:
        state = self._read_state()
        digests = state["parts"]
        self._written = [read_part(self._part(n), digest) for n, digest in enumerate(digests)]
        self._digests = list(digests)
        return list(state["repeats"])

    def _damage_named(self, read: Callable[[], T]) -> T:
        """What is kept for going on, read; damage is told with what to do about it."""
        try:
            return read()
        except (KeyError, IndexError, TypeError, OSError) as error:
            raise CorruptFileError(f"{self._progress} is damaged ({error}).{self._start_again}") from error
        except CorruptFileError as error:
            raise CorruptFileError(f"{error}{self._start_again}") from error

    @property
    def _start_again(self) -> str:
        return f" What was finished of it cannot be gone on from: delete {self.folder} and run again."

    def _read_state(self) -> Any:
        return load_plain_pickle(read_checked(self._state_file), str(self._state_file))

    def append(self, rows: Rows) -> None:
        """Takes further rows; they are safe on disk after the next `checkpoint`."""
        self._pending.append(rows)

    def checkpoint(self, state: list[dict[str, Any]]) -> None:
        """Makes the rows so far, and the state that they led to, safe on disk.

        Raises:
            NasbenchError: the state holds what could not be read back; nothing was written.
        """
        rows = Rows.concatenate(self._pending, self.genes)
        part = rows_as_bytes(rows)
        digests = [*self._digests, hashlib.sha256(part).hexdigest()]
        content = pickle.dumps({"parts": digests, "repeats": state}, protocol=5)
        if not self._digests:
            _check_readable(content)
            write_json(self.folder / CONFIG, self.config)
        write_bytes(self._part(len(self._digests)), part)
        write_checked(self._state_file, content)
        self._written, self._pending, self._digests = [*self._written, rows], [], digests

    @property
    def finished(self) -> bool:
        """Whether the record is there and whole."""
        return is_finished(self.folder)

    @property
    def _state_file(self) -> Path:
        return state_file(self.folder)

    @property
    def _progress(self) -> Path:
        return progress_folder(self.folder)

    def _part(self, number: int) -> Path:
        return self._progress / f"rows-{number:06d}.arrow"

    def rows(self) -> Rows:
        """All rows so far, by repeat and step."""
        return Rows.concatenate([*self._written, *self._pending], self.genes, ordered=True)

    @property
    def keeping(self) -> Path:
        """The folder in which a fitness may keep what it needs to go on after a kill; removed with the study's end."""
        return self._progress / "fitness"

    def finish(self, held: Repeats, metrics: Metrics, seconds: float, progress: bool = False) -> None:
        """Writes the record and removes what was kept for resuming.

        Args:
            held: all repeats. There is no file of what there is nothing of.
            metrics: what is known of the evaluated cells beside their fitness.
            seconds: that this session took.
            progress: show a bar if it takes more than two seconds.
        """
        write_json(self.folder / CONFIG, self.config)
        with atomic_path(self.folder / EVALUATIONS) as temporary:
            write_parquet(held.rows, metrics, temporary, progress)
        write_json(self.folder / SUMMARY, held.summary)
        for name, told in ((CYCLES, held.cycles), (TRAININGS, held.trainings), (FITNESS, held.known)):
            if told:
                write_json(self.folder / name, told)
        here = {**environment(), "repeat_wall_seconds": held.wall_seconds, "session_wall_seconds": seconds}
        write_json(self.folder / ENVIRONMENT, here | ({"earlier": held.environments} if held.environments else {}))
        self._state_file.unlink(missing_ok=True)
        shutil.rmtree(self._progress, ignore_errors=True)


def _check_readable(state: bytes) -> None:
    try:
        load_plain_pickle(state, "The state of this search")
    except CorruptFileError as error:
        raise NasbenchError(
            f"{error} So it could not be resumed; its attributes may be numbers, text, containers and numpy arrays."
        ) from error


def differing_keys(a: Any, b: Any, prefix: str = "") -> list[str]:
    """Where two JSON values differ, as dotted keys."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for key in sorted({*a, *b}) for d in differing_keys(a.get(key), b.get(key), f"{prefix}{key}.")]
    return [] if a == b else [prefix.rstrip(".") or "everything"]
