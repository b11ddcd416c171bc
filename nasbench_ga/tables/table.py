"""A table of published results: numbers by look-up, each under a name that says which number it is."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.spaces import Space
from nasbench_ga.tables.metrics import MEAN, Metric, is_accuracy
from nasbench_ga.tables.storage import StoredTable, check


@dataclass(frozen=True)
class Cost:
    """Simulated seconds of producing a metric, cell by cell.

    Attributes:
        seconds: float64, shape (rows,); NaN where the table holds no time.
        meaning: which published times were added up, in words.
    """

    seconds: NDArray[np.float64]
    meaning: str


class Table:
    """Published numbers of the cells of one space; row i is the cell that the space identifies as i.

    Attributes:
        name: what the table is called.
        space: registered name of its space.
        path: the file it is read from, None if it came from memory.
        provenance: where the numbers came from.
        notes: what a user of them has to know.
        fingerprint: SHA-256 of what it holds.
    """

    def __init__(self, name: str, stored: StoredTable, path: Path | None = None) -> None:
        self.name = name
        self.path = path
        self.space = stored.space
        self.provenance = stored.provenance
        self.notes = stored.notes
        self.fingerprint = stored.fingerprint
        self._stored = stored
        self._values: dict[str, NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(next(iter(self._stored.columns.values())).data)

    def __repr__(self) -> str:
        return f"<Table {self.name} of {self.space}: {len(self)} cells, {len(self.metrics)} metrics>"

    def check_space(self, space: Space) -> None:
        """Makes sure that this is a table of the cells of `space`.

        Raises:
            NasbenchError: it is of another space, or has another number of rows.
        """
        if self.space != space.benchmark:
            raise NasbenchError(f"Table {self.name} is of the space {self.space!r}, not of {space.benchmark!r}.")
        if len(self) != space.size:
            raise NasbenchError(f"Table {self.name} has {len(self):,} rows, but {self.space} has {space.size:,} cells.")

    @functools.cached_property
    def seeds(self) -> Mapping[str, tuple[str, ...]]:
        """The seeds of each metric: `mean` alone where only a mean was published, () for what no seed changes."""
        seeds: dict[str, tuple[str, ...]] = {}
        for name in self._stored.columns:
            base, _, seed = name.partition("@")
            seeds[base] = (*seeds.get(base, ()), seed) if seed else ()
        return seeds

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric of the table, without seeds."""
        return tuple(self.seeds)

    def __contains__(self, metric: object) -> bool:
        return isinstance(metric, str) and Metric.parse(metric).base in self.seeds

    @functools.cached_property
    def accuracies(self) -> tuple[str, ...]:
        """The metrics that are accuracies, in per cent."""
        return tuple(m for m in self.metrics if is_accuracy(m))

    def values(self, metric: str) -> NDArray[np.float64]:
        """One number for each cell: float64, shape (rows,), read-only; NaN where nothing was published.

        Args:
            metric: `dataset/split/epochs`, the mean over its published seeds, or with `@seed` one of them.
                Accuracies are in per cent, times in seconds.

        Raises:
            UnknownNameError: the table does not hold that metric or seed; the message lists what it holds.
            CorruptFileError: the file's bytes are not what was written.
        """
        if metric not in self._values:
            values = self._read(Metric.parse(metric))
            values.setflags(write=False)
            self._values[metric] = values
        return self._values[metric]

    def _read(self, metric: Metric) -> NDArray[np.float64]:
        if metric.base not in self.seeds:
            raise UnknownNameError("metric", metric.base, self.metrics, f" in table {self.name}")
        columns, seeds = self._stored.columns, self.seeds[metric.base]
        if not seeds and metric.seed == MEAN:
            return columns[metric.base].values()
        if metric.seed in seeds:
            return columns[f"{metric.base}@{metric.seed}"].values()
        if metric.seed == MEAN:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of cells without any published seed: NaN
                return np.nanmean([columns[f"{metric.base}@{seed}"].values() for seed in seeds], axis=0)
        choices = dict.fromkeys((MEAN, *seeds))
        raise UnknownNameError("seed", metric.seed, choices, f" of {metric.base} in table {self.name}")

    def verify(self) -> None:
        """Reads every byte and compares it with the checksums that it was written with.

        Raises:
            CorruptFileError: something is not what was written.
        """
        check(self._stored)

    def lookup(self, ids: ArrayLike, metric: str) -> NDArray[np.float64]:
        """The published number of each cell; float64, the shape of `ids`.

        Args:
            ids: cells as their space identifies them.
            metric: see `values`.

        Raises:
            UnknownNameError: see `values`.
            NasbenchError: ids that are not integers or not rows of the table.
        """
        ids = np.asarray(ids)
        if ids.size and ids.dtype.kind not in "iu":
            raise NasbenchError(
                f"Cells are looked up by integers, as {self.space}.identify gives them; got {ids.dtype}."
            )
        if ids.size and not 0 <= ids.min() <= ids.max() < len(self):
            raise NasbenchError(
                f"Table {self.name} has the rows 0 to {len(self) - 1}, but was asked for {ids.min()} to {ids.max()}."
            )
        return self.values(metric)[ids.astype(np.int64, copy=False)]

    def rank(self, cell: int, metric: str) -> int:
        """How many cells have a higher number than this one, plus 1."""
        values = self.values(metric)
        return 1 + int((values > values[cell]).sum())

    def best(self, metric: str) -> tuple[int, float]:
        """The cell with the highest number, and that number: the optimum that regret is measured against.

        Raises:
            NasbenchError: the table has no number at all for this metric.
        """
        values = self.values(metric)
        if np.isnan(values).all():
            raise NasbenchError(f"Table {self.name} holds no number for {metric}.")
        row = int(np.nanargmax(values))
        return row, float(values[row])

    def cost(self, metric: str) -> Cost:
        """What one evaluation of `metric` would have cost, the way NATS-Bench simulates it.

        That is the whole training of the run plus one evaluation on the metric's split
        (`train-all-time + valid-per-time`, Dong et al. 2021, section 5). A table that holds only the training times
        gives those and says so; one that holds none gives NaN.
        """
        wanted = Metric.parse(metric)
        training, evaluation = wanted.of("train-seconds"), wanted.of(f"{wanted.quantity}-seconds")
        if training.base not in self.seeds:
            return Cost(np.full(len(self), np.nan), "not simulated, as the table holds no training times")
        seconds = self.values(str(training))
        if evaluation.base not in self.seeds:
            return Cost(seconds, "published training time (the table holds no evaluation times)")
        return Cost(
            seconds + self.values(str(evaluation)),
            f"published training time and one evaluation on {wanted.quantity}",
        )
