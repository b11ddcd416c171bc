"""The run record on disk: `config.json`, `evaluations.parquet`, `summary.json`, `cycles.json`, `environment.json`.

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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from tqdm import tqdm

from nasbench_ga.errors import CorruptFileError, NasbenchError, RecordError
from nasbench_ga.files import atomic_path, load_plain_pickle, read_json, write_bytes, write_json
from nasbench_ga.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
CONFIG, EVALUATIONS, SUMMARY, CYCLES, ENVIRONMENT = (
    "config.json",
    "evaluations.parquet",
    "summary.json",
    "cycles.json",
    "environment.json",
)
_ROWS_PER_GROUP = 1 << 17
_OWN_COLUMNS = ("repeat", "step", "generation", "id", "genotype", "value", "seconds")

Metrics = Callable[[NDArray[np.int64]], Mapping[str, NDArray[np.float64]]]
"""Gives, for cells of shape (n,), every number that is known of them."""


class Recorder:
    """Writes one study's record into its folder, and takes up an unfinished one.

    Args:
        folder: made if missing.
        config: everything the results depend on, as JSON; a folder of another configuration is refused.
        genes: genes of a genotype.
    """

    def __init__(self, folder: Path, config: dict[str, Any], genes: int) -> None:
        self.folder = folder
        self.config: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **config}))
        self.genes = genes
        self._progress = folder / "progress"
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
        different = differing_keys(read_json(path), self.config)
        if different:
            raise RecordError(
                f"{self.folder} holds results of another configuration (it differs in {', '.join(different)}); "
                "nothing was changed. Choose another folder with --results."
            )

    def saved_state(self, resume: bool) -> list[dict[str, Any]] | None:
        """The state of an unfinished study to go on from, None if there is none; its rows are in `rows` then.

        Raises:
            RecordError: there is an unfinished study, and `resume` was not asked for.
            CorruptFileError: its files are damaged.
        """
        if not self._state_file.exists():
            shutil.rmtree(self._progress, ignore_errors=True)
            return None
        if not resume:
            raise RecordError(
                f"{self.folder} holds an unfinished run; go on with --resume, or delete the folder to start again."
            )
        try:
            state = self._read_state()
            digests = state["parts"]
            self._written = [_read_rows(self._part(n), digest, self.genes) for n, digest in enumerate(digests)]
            self._digests = list(digests)
            return list(state["repeats"])
        except (KeyError, TypeError, OSError) as error:
            raise CorruptFileError(f"{self._progress} is damaged ({error}).{self._start_again}") from error
        except CorruptFileError as error:
            raise CorruptFileError(f"{error}{self._start_again}") from error

    @property
    def _start_again(self) -> str:
        return f" What was finished of it cannot be gone on from: delete {self.folder} and run again."

    def _read_state(self) -> Any:
        digest, _, content = self._state_file.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise CorruptFileError(f"{self._state_file} does not have the checksum it was written with.")
        return load_plain_pickle(content, str(self._state_file))

    def append(self, rows: Rows) -> None:
        """Takes further rows; they are safe on disk after the next `checkpoint`."""
        self._pending.append(rows)

    def checkpoint(self, state: list[dict[str, Any]]) -> None:
        """Makes the rows so far, and the state that they led to, safe on disk.

        Raises:
            NasbenchError: the state holds what could not be read back; nothing was written.
        """
        rows = Rows.concatenate(self._pending, self.genes)
        part = _rows_as_bytes(rows)
        digests = [*self._digests, hashlib.sha256(part).hexdigest()]
        content = pickle.dumps({"parts": digests, "repeats": state}, protocol=5)
        if not self._digests:
            _check_readable(content)
            write_json(self.folder / CONFIG, self.config)
        write_bytes(self._part(len(self._digests)), part)
        write_bytes(self._state_file, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        self._written, self._pending, self._digests = [*self._written, rows], [], digests

    @property
    def finished(self) -> bool:
        """Whether the record is there and whole."""
        return (self.folder / ENVIRONMENT).exists() and not self._state_file.exists()

    @property
    def _state_file(self) -> Path:
        return self._progress / "state.pickle"

    def _part(self, number: int) -> Path:
        return self._progress / f"rows-{number:06d}.arrow"

    def rows(self) -> Rows:
        """All rows so far, by repeat and step."""
        return Rows.concatenate([*self._written, *self._pending], self.genes, ordered=True)

    def finish(
        self,
        rows: Rows,
        metrics: Metrics,
        summary: list[dict[str, Any]],
        cycles: list[dict[str, Any]],
        environment: dict[str, Any],
        progress: bool = False,
    ) -> None:
        """Writes the record and removes what was kept for resuming.

        Args:
            rows: all evaluations, by repeat and step.
            metrics: what is known of the evaluated cells beside their fitness.
            summary: one dictionary a repeat.
            cycles: one dictionary a repeat and cycle; without any there is no file of them.
            environment: versions, machine, times.
            progress: show a bar if it takes more than two seconds.
        """
        write_json(self.folder / CONFIG, self.config)
        with atomic_path(self.folder / EVALUATIONS) as temporary:
            _write_parquet(rows, metrics, temporary, progress)
        write_json(self.folder / SUMMARY, summary)
        if cycles:
            write_json(self.folder / CYCLES, cycles)
        write_json(self.folder / ENVIRONMENT, environment)
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


def _arrow_columns(rows: Rows) -> dict[str, pa.Array]:
    columns = {f.name: getattr(rows, f.name) for f in fields(rows) if f.name not in ("genotype", "extras")}
    genes = pa.array(np.ascontiguousarray(rows.genotype).reshape(-1))
    genotype = pa.FixedSizeListArray.from_arrays(genes, rows.genotype.shape[1])
    own = {**{name: pa.array(values) for name, values in columns.items()}, "genotype": genotype}
    return {
        **{name: own[name] for name in _OWN_COLUMNS},
        **{key: pa.array(v) for key, v in rows.extras.items()},
    }


def _rows_as_bytes(rows: Rows) -> bytes:
    batch = pa.record_batch(_arrow_columns(rows))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as file:
        file.write_batch(batch)
    return bytes(sink.getvalue())


def _read_rows(path: Path, digest: str, genes: int) -> Rows:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise CorruptFileError(f"{path} does not have the checksum it was written with.")
    batch = pa.ipc.open_file(pa.BufferReader(content)).get_batch(0)
    columns = {name: _numpy(batch[name], genes) for name in batch.schema.names}
    return Rows(**{name: columns.pop(name) for name in _OWN_COLUMNS}, extras=columns)


def _numpy(column: pa.Array, genes: int) -> NDArray[Any]:
    if pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.flatten()).reshape(-1, genes)
    return np.asarray(column)


def _write_parquet(rows: Rows, metrics: Metrics, path: Path, progress: bool) -> None:
    writer = None
    try:
        starts = range(0, max(len(rows), 1), _ROWS_PER_GROUP)
        for start in tqdm(starts, "writing the record", delay=2, disable=not progress):
            part = rows.take(np.arange(start, min(start + _ROWS_PER_GROUP, len(rows))))
            known = {name: pa.array(values) for name, values in metrics(part.id).items()}
            table = pa.table({**_arrow_columns(part), **known})
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=_ROWS_PER_GROUP)
    finally:
        if writer is not None:
            writer.close()


def read_evaluations(folder: Path) -> pd.DataFrame:
    """The evaluations of a finished record: one row each, as `evaluations.parquet` holds them.

    Raises:
        RecordError: there is no finished record.
        CorruptFileError: the file is damaged.
    """
    path = folder / EVALUATIONS
    if not path.exists():
        raise RecordError(f"{folder} holds no finished record ({EVALUATIONS} is missing).")
    try:
        return pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise CorruptFileError(
            f"{path} is damaged ({error}); run the configuration in {folder / CONFIG} again."
        ) from error


def read_summary(folder: Path) -> pd.DataFrame:
    """The summary of a finished record, one row a repeat.

    Raises:
        RecordError: there is no finished record.
        CorruptFileError: the file is damaged.
    """
    import pandas as pd

    if not (folder / SUMMARY).exists():
        raise RecordError(f"{folder} holds no finished record ({SUMMARY} is missing).")
    return pd.DataFrame(read_json(folder / SUMMARY))


def read_cycles(folder: Path) -> list[dict[str, Any]]:
    """What the searches of a finished record said of each cycle; nothing if they say nothing.

    Raises:
        CorruptFileError: the file is damaged.
    """
    path = folder / CYCLES
    cycles = read_json(path) if path.exists() else []
    known = {"repeat", "cycle", "evaluations"}
    if not isinstance(cycles, list) or not all(isinstance(one, dict) and known <= one.keys() for one in cycles):
        raise CorruptFileError(f"{path} is damaged; run the configuration in {folder / CONFIG} again.")
    return cycles
