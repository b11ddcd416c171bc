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
    """

    path: Path
    key: Key
    complete: bool

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
) -> None:
    """Writes a finished table of scores.

    Args:
        path: of the file.
        key: what the scores depend on.
        columns: `network`, `score`, `seconds`, and whatever else is worth knowing of a network.
        networks: how many networks the space has.
        about: how the scores were made, as JSON.
    """
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    described = {"key": key, "complete": len(table) == networks, "about": about}
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
                yield ScoreTable(path, described["key"], described["complete"])
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                raise CorruptFileError(
                    f"{path} is damaged, or no table of scores ({error}); get it again, or remove it."
                ) from error


class ScoreStore:
    """The scores of one key: those of a finished table that has them, and those added here.

    Args:
        folder: of the databases; made when something is added.
        key: everything the scores depend on.

    Raises:
        CorruptFileError: a file is damaged.
    """

    def __init__(self, folder: Path, key: Key) -> None:
        text = json.dumps(key, sort_keys=True)
        self.path = folder / f"{key['benchmark']}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.sqlite"
        self._key = text
        self._scores: dict[int, tuple[float, float]] = {}
        if self.path.exists():
            with self._connected() as connection:
                rows = connection.execute("SELECT network, score, seconds FROM scores")
                self._scores = {network: (score, seconds) for network, score, seconds in rows}
        for table in score_tables():
            if table.key == json.loads(text):
                self._scores |= table.read()

    def __contains__(self, network: int) -> bool:
        return network in self._scores

    def get(self, networks: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores and seconds of networks that are in it, each shape (n,)."""
        found = np.array([self._scores[network] for network in networks.tolist()], np.float64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def add(self, networks: NDArray[np.int64], scores: NDArray[np.float64], seconds: NDArray[np.float64]) -> None:
        """Adds scores, each shape (n,); they are safe on disk when it returns. What another process added stays.

        Raises:
            NasbenchError: the database cannot be written.
            CorruptFileError: it is damaged.
        """
        rows = list(zip(networks.tolist(), scores.tolist(), seconds.tolist(), strict=True))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error.strerror or error) from error
        with self._connected() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS scores (network INTEGER PRIMARY KEY, score REAL NOT NULL, seconds REAL)"
            )
            connection.execute("INSERT OR IGNORE INTO about VALUES (?)", (self._key,))
            connection.executemany("INSERT OR IGNORE INTO scores VALUES (?, ?, ?)", rows)
        self._scores |= {network: (score, seconds) for network, score, seconds in rows}

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as connection, connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from error
        except sqlite3.DatabaseError as error:
            raise CorruptFileError(
                f"{self.path} is damaged ({error}); delete it, and its scores are computed again when they are needed."
            ) from error

    def _unwritable(self, reason: object) -> NasbenchError:
        return NasbenchError(f"Cannot use the scores in {self.path}: {reason}. Another folder: --naswt.store.")
