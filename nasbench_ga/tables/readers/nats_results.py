"""What NATS-Bench and NAS-Bench-201 publish about a cell, by metric: the numbers of their official APIs.

A cell's results are, for each hyper-parameter set ("01", "12", "90", "200": the epochs), a dict of
`arch_str`, `dataset_seed` (data set -> seeds) and `all_results` ((data set, seed) -> one trial). In a trial
`train_acc1es` and `train_times` are by epoch, `eval_acc1es` and `eval_times` by "split@epoch". Source: Dong
et al., "NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size", TPAMI 2021, and
`nats_bench/api_utils.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.contents import Column, TableContents

SPACE_OF_SIZE = {15_625: "nats-tss", 32_768: "nats-sss"}

_LEGACY_SEED = 888
"""The seed whose parameters and FLOPs the official API trusts where the trials of a cell disagree."""

_FULL_MARKS = 100.001
"""The most an accuracy can be: averages of 32-bit batch means exceed 100 by a rounding error."""

COST_NOTE = (
    "Parameters, FLOPs and latency are those of the longest training; where its trials disagree on the first "
    "two, seed 888's are taken, as the official NATS-Bench API does."
)

Results = Mapping[str, Mapping[str, Any]]
Metrics = dict[str, float]


def cell_metrics(results: Results, source: str) -> Metrics:
    """Everything published about one cell after its last epoch.

    Args:
        results: by hyper-parameter set, as in a NATS-Bench file.
        source: where they came from, for messages.

    Returns:
        `{dataset}/train/{epochs}@{seed}` and `{dataset}/{split}/{epochs}@{seed}` in per cent;
        `{dataset}/train-seconds/{epochs}@{seed}`, the whole training (the API's train-all-time);
        `{dataset}/{split}-seconds/{epochs}@{seed}`, one evaluation (valid-per-time, test-per-time);
        `{dataset}/parameters`, `{dataset}/mega-flops`, `{dataset}/latency-seconds`, from the longest
        training. What is not published has no entry.

    Raises:
        CorruptFileError: not of that form, or a number out of its range.
    """
    try:
        metrics: Metrics = {}
        for key in sorted(results, key=int):
            trials = _trials(results[key])
            for (dataset, seed), trial in trials.items():
                metrics |= _trial_metrics(dataset, seed, trial, int(key))
            for dataset in results[key]["dataset_seed"]:
                metrics |= _costs(dataset, {seed: trial for (name, seed), trial in trials.items() if name == dataset})
        return metrics
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CorruptFileError(
            f"{source} is not what NATS-Bench and NAS-Bench-201 publish about a cell: {error!r}. Download it again."
        ) from error


def _trials(results: Mapping[str, Any]) -> dict[tuple[str, int], Mapping[str, Any]]:
    return {
        (dataset, int(seed)): results["all_results"][dataset, seed]
        for dataset, seeds in results["dataset_seed"].items()
        for seed in seeds
    }


def _trial_metrics(dataset: str, seed: int, trial: Mapping[str, Any], epochs: int) -> Metrics:
    if trial["epochs"] != epochs:
        raise ValueError(f"expected trials of {epochs} epochs, got one of {trial['epochs']} on {dataset}")
    last = epochs - 1
    numbers = {"train": _per_cent(trial["train_acc1es"][last])}
    if trial["train_times"] is not None:
        numbers["train-seconds"] = _seconds(sum(trial["train_times"][epoch] for epoch in range(epochs)))
    for split in trial["eval_names"]:
        if f"{split}@{last}" in trial["eval_acc1es"]:
            numbers[split] = _per_cent(trial["eval_acc1es"][f"{split}@{last}"])
        keys = [f"{split}@{epoch}" for epoch in range(epochs)]
        times: Mapping[str, float] = trial["eval_times"] or {}
        if times.keys() >= set(keys):
            numbers[f"{split}-seconds"] = _seconds(sum(times[key] for key in keys) / epochs)
    return {f"{dataset}/{name}/{epochs}@{seed}": number for name, number in numbers.items()}


def _costs(dataset: str, trials: Mapping[int, Mapping[str, Any]]) -> Metrics:
    costs: Metrics = {}
    millions = _trusted({seed: trial["params"] for seed, trial in trials.items()})
    mega_flops = _trusted({seed: trial["flop"] for seed, trial in trials.items()})
    if millions is not None:
        costs[f"{dataset}/parameters"] = round(_positive(millions) * 1e6)
    if mega_flops is not None:
        costs[f"{dataset}/mega-flops"] = _positive(mega_flops)
    latencies = [sum(trial["latency"]) / len(trial["latency"]) for trial in trials.values() if trial["latency"]]
    latencies = [latency for latency in latencies if latency > 0]  # -1 stands for "not measured"
    if latencies:
        costs[f"{dataset}/latency-seconds"] = _seconds(_mean(latencies))
    return costs


def _trusted(by_seed: Mapping[int, float]) -> float | None:
    """The mean over seeds, or seed 888's where they disagree; None where they do and there is no seed 888.

    Some trials were saved with the size of another network; this is the official API's repair.
    """
    if len({f"{value:.5f}" for value in by_seed.values()}) > 1:
        return by_seed.get(_LEGACY_SEED)
    return _mean(list(by_seed.values()))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _per_cent(value: float) -> float:
    if not 0 <= value <= _FULL_MARKS:
        raise ValueError(f"expected an accuracy from 0 to 100, got {value}")
    return float(value)


def _seconds(value: float) -> float:
    if not 0 <= value < math.inf:
        raise ValueError(f"expected a time that is not negative, got {value}")
    return float(value)


def _positive(value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(f"expected a positive number, got {value}")
    return float(value)


def space_of(architectures: Sequence[str], source: str) -> str:
    """The space whose cells these architecture strings are, all of them, in the order of its rows.

    Raises:
        CorruptFileError: they are neither of the two spaces, or in another order.
    """
    name = SPACE_OF_SIZE.get(len(architectures))
    if name is None:
        expected = " or ".join(f"{size:,} ({space})" for size, space in SPACE_OF_SIZE.items())
        raise CorruptFileError(f"{source}: expected a list of {expected} architectures, got {len(architectures):,}.")
    space = get_space(name)
    try:
        rows = space.identify(np.stack([space.encode(architecture) for architecture in architectures]))
    except (ValueError, TypeError) as error:
        raise CorruptFileError(f"{source}: its list of architectures is not that of {name}: {error}") from error
    misplaced = np.flatnonzero(rows != np.arange(len(rows)))
    if len(misplaced):
        at = misplaced[0]
        raise CorruptFileError(
            f"{source}: expected {space.decode(space.enumerate()[at])} as architecture {at}, got {architectures[at]}."
        )
    return name


class MetricColumns:
    """Collects the metrics of one cell after another into columns by row.

    Args:
        space: registered name of the space.
    """

    def __init__(self, space: str) -> None:
        self._space = get_space(space)
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._filled = np.zeros(self._space.size, bool)

    def add(self, row: int, metrics: Metrics) -> None:
        """Files what is published about the cell of a row."""
        self._filled[row] = True
        for name, value in metrics.items():
            if name not in self._columns:
                self._columns[name] = np.full(self._space.size, np.nan)
            self._columns[name][row] = value

    def contents(self, provenance: Mapping[str, str], notes: Iterable[str] = ()) -> TableContents:
        """Everything collected, the columns in alphabetical order."""
        cells = int(self._filled.sum())
        gaps = (
            [f"The source holds {cells:,} of the {self._space.size:,} cells; the others are NaN."]
            if cells < self._space.size
            else []
        )
        columns = {name: Column(_whole(name, values)) for name, values in sorted(self._columns.items())}
        return TableContents(self._space.name, columns, {**provenance, "cells": str(cells)}, (*notes, *gaps))


def _whole(name: str, values: NDArray[np.float64]) -> NDArray[np.generic]:
    """Counts as integers, if none is missing: NaN needs a float."""
    if name.endswith("/parameters") and not np.isnan(values).any():
        return values.astype(np.int64)
    return values
