"""Sets of runs: one number a run, under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError


@dataclass(frozen=True)
class Sample:
    """What each run of a set came to.

    Attributes:
        name: of the set, for words.
        values: float64, shape (n,), n at least 2, finite, read-only.

    Raises:
        NasbenchError: they are not so.
    """

    name: str
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        values = _numbers(self.name, self.values)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def median(self) -> float:
        """Of the runs."""
        return float(np.median(self.values))

    @property
    def is_constant(self) -> bool:
        """Whether all runs came to the same number."""
        return bool(np.ptp(self.values) == 0)

    def in_words(self) -> str:
        """Its name, its size, and where it lies."""
        low, high = self.values.min(), self.values.max()
        where = f"each {low:.6g}" if self.is_constant else f"median {self.median:.6g}, from {low:.6g} to {high:.6g}"
        return f"{self.name} ({len(self)} runs, {where})"


Runs: TypeAlias = Sample | ArrayLike
"""A sample, or its numbers, shape (n,)."""


def as_sample(runs: Runs, name: str) -> Sample:
    """A sample as it is, numbers under the name given."""
    return runs if isinstance(runs, Sample) else Sample(name, np.asarray(runs))


def as_pair(first: Runs, second: Runs, *, paired: bool = False) -> tuple[Sample, Sample]:
    """Two samples; if they are paired, of the same length.

    Raises:
        NasbenchError: they are no two samples, or paired and of different lengths.
    """
    a, b = as_sample(first, "the first"), as_sample(second, "the second")
    if paired:
        _check_lengths([a, b])
    return a, b


def as_samples(runs: Mapping[str, Runs], *, at_least: int, paired: bool = False) -> list[Sample]:
    """The samples of a mapping from their names; if they are paired, of the same length.

    Raises:
        NasbenchError: there are fewer than `at_least`, or they are paired and of different lengths.
    """
    samples = [replace(as_sample(values, name), name=name) for name, values in runs.items()]
    if len(samples) < at_least:
        raise NasbenchError(f"Expected at least {at_least} sets of runs to compare, got {len(samples)}: add some.")
    if paired:
        _check_lengths(samples)
    return samples


def tied(*samples: Sample) -> int:
    """How many runs share their number with another one, of any of the samples."""
    _, counts = np.unique(np.concatenate([sample.values for sample in samples]), return_counts=True)
    return int(counts[counts > 1].sum())


def significant(values: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Sums and differences of numbers as large as `scale`, without the noise of their binary form.

    0.3 - 0.2 and 0.2 - 0.1 come out equal, as ranks and ties need it.
    """
    if scale == 0:
        return values
    return values.round(min(11 - int(np.floor(np.log10(scale))), 300))


def check_level(level: float) -> None:
    """Raises a NasbenchError unless a level of significance lies between 0 and 1."""
    if not 0 < level < 1:
        raise NasbenchError(f"Expected a level of significance between 0 and 1, got {level}; 0.05 is the usual one.")


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        numbers = np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise NasbenchError(f"Expected one number a run of {name}, got {values!r}: {error}.") from error
    if numbers.ndim != 1:
        raise NasbenchError(f"Expected one number a run of {name}, shape (n,), got shape {numbers.shape}.")
    if len(numbers) < 2:
        raise NasbenchError(
            f"Expected at least two runs of {name}, got {len(numbers)}: fewer say nothing of how much runs differ; "
            f"repeat them."
        )
    unknown = np.flatnonzero(~np.isfinite(numbers))
    if len(unknown):
        raise NasbenchError(
            f"Expected a finite number of every run of {name}, got {numbers[unknown[0]]} of run {unknown[0]} (from 0), "
            f"{len(unknown)} such in all: leave them out and say so, or rank them last by a number that is worse than "
            f"every other."
        )
    return numbers


def _check_lengths(samples: list[Sample]) -> None:
    lengths = {sample.name: len(sample) for sample in samples}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{length} of {name}" for name, length in lengths.items())
        raise NasbenchError(
            f"Expected as many runs of each, for they are compared in pairs (run i of one with run i of the other), "
            f"got {listed}: give the common seeds only, in the same order, or compare them unpaired."
        )
