"""Scores on disk, so that none is computed twice: a database that is added to, and finished tables that are shipped.

A store belongs to one key: everything that its scores depend on. `data/naswt/*.parquet` are tables that were computed
once for everybody; what is scored beyond them goes into one SQLite file a key, which several processes may write.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nasbench_ga.data_folders import search_folders
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import atomic_path

SCORES_FOLDER = "naswt"
"""The folder, below each data folder, of finished tables of scores."""
_KEY = b"nasbench_ga.scores"
_WAIT_SECONDS = 60.0

Key = Mapping[str, Any]
"""Everything that scores depend on, as JSON."""


@dataclass(frozen=True)
class ScoreTable:
    """A finished table of scores.

    Attributes:
        path: its file.
        key: what its scores depend on.
        complete: whether it holds every network of its space.
        of_searches: whether it holds what searches met, and is no sample.
    """

    path: Path
    key: Key
    complete: bool
    of_searches: bool = False

    def read(self) -> dict[int, tuple[float, float]]:
        """Score and seconds by network.

        Raises:
            CorruptFileError: the file is damaged.
        """
        import pyarrow.parquet as pq

        try:
            columns = pq.read_table(self.path, columns=["network", "score", "seconds"]).to_pydict()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise CorruptFileError(f"{self.path} is damaged ({error}); get it again, or remove it.") from error
        return dict(zip(columns["network"], zip(columns["score"], columns["seconds"], strict=True), strict=True))


def write_table(
    path: Path,
    key: Key,
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    networks: int,
    about: Mapping[str, Any],
    of_searches: bool = False,
) -> None:
    """Writes a finished table of scores.

    Args:
        path: of the file.
        key: what the scores depend on.
        columns: `network`, `score`, `seconds`, and whatever else is worth knowing of a network.
        networks: how many networks the space has.
        about: how the scores were made, as JSON.
        of_searches: whether they are of what searches met.
    """
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    described = {"key": key, "complete": len(table) == networks, "about": about, "of_searches": of_searches}
    table = table.replace_schema_metadata({_KEY: json.dumps(described, sort_keys=True)})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def score_tables() -> Iterator[ScoreTable]:
    """Every finished table in the data folders.

    Raises:
        CorruptFileError: a file is none.
    """
    import pyarrow.parquet as pq

    for folder in search_folders():
        for path in sorted((folder / SCORES_FOLDER).glob("*.parquet")):
            try:
                described = json.loads((pq.read_schema(path).metadata or {})[_KEY])
                searched = described.get("of_searches", False)
                yield ScoreTable(path, described["key"], described["complete"], searched)
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                raise CorruptFileError(
                    f"{path} is damaged, or no table of scores ({error}); get it again, or remove it."
                ) from error


class ScoreStore:
    """The scores of one key: those of a finished table, and those that were added here.

    Args:
        folder: of the databases; made when something is added.
        key: everything the scores depend on; `benchmark` names the file.
        tables: finished tables; those with this key count before what was added, the first of them before others.

    Raises:
        CorruptFileError: a file is damaged.
    """

    def __init__(self, folder: Path, key: Key, tables: Sequence[ScoreTable] = ()) -> None:
        self._key = json.dumps(key, sort_keys=True)
        self.path = folder / f"{key['benchmark']}-{hashlib.sha256(self._key.encode()).hexdigest()[:16]}.sqlite"
        self._finished: dict[int, tuple[float, float]] = {}
        for table in tables:
            if table.key == key:
                self._finished = table.read() | self._finished
        self._scores = self._added() | self._finished

    def missing(self, networks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the networks, each once, that have no score, also none that another process has added by now."""
        if not self._scores.keys() >= {*networks.tolist()}:
            self._scores = self._added() | self._finished
        return np.array(sorted({*networks.tolist()} - self._scores.keys()), np.int64)

    def get(self, networks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores and seconds of networks that are in it, each shape (n,)."""
        found = np.array([self._scores[network] for network in networks.tolist()], np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def add(self, networks: NDArray[np.int64], scores: NDArray[np.float64], seconds: NDArray[np.float64]) -> None:
        """Adds scores, each shape (n,), which are safe on disk then; those that another process was faster with stay.

        Raises:
            NasbenchError: the database cannot be written.
            CorruptFileError: it is damaged.
        """
        rows = list(zip(networks.tolist(), scores.tolist(), seconds.tolist(), strict=True))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error.strerror or error) from error
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS scores (network INTEGER PRIMARY KEY, score REAL NOT NULL, seconds REAL)"
            )
            connection.execute("INSERT OR IGNORE INTO about VALUES (?)", (self._key,))
            connection.executemany("INSERT OR IGNORE INTO scores VALUES (?, ?, ?)", rows)
            kept = [
                connection.execute("SELECT network, score, seconds FROM scores WHERE network = ?", row[:1]).fetchone()
                for row in rows
            ]
            connection.execute("COMMIT")
        self._scores |= {network: (score, taken) for network, score, taken in kept if network not in self._finished}

    @property
    def added(self) -> NDArray[np.int64]:
        """The networks that have a score here and in none of the finished tables, in ascending order."""
        return np.array(sorted(self._added().keys() - self._finished.keys()), np.int64)

    def _added(self) -> dict[int, tuple[float, float]]:
        """What is in the database; nothing if there is none, or one that was never finished."""
        if not self.path.exists():
            return {}
        with self._connected() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'scores'").fetchone():
                return {}
            if connection.execute("SELECT key FROM about").fetchall() != [(self._key,)]:
                raise CorruptFileError(f"{self.path} does not hold the scores that its name promises; remove it.")
            rows = connection.execute("SELECT network, score, seconds FROM scores")
            return {network: (score, seconds) for network, score, seconds in rows}

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
            with contextlib.closing(connection):
                yield connection
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            raise CorruptFileError(
                f"{self.path} is damaged ({error}); delete it, and its scores are computed again when they are needed."
            ) from error

    def _unusable(self, reason: object) -> NasbenchError:
        return NasbenchError(f"Cannot use the scores in {self.path}: {reason}. Name another folder: --naswt.store.")
