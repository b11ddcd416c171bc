"""Reads official API objects that are already loaded, from what they hold in memory.

Objects are recognised by what they offer, not by their class, so that forks of the official packages work as
well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from nasbench_ga.errors import NasbenchError
from nasbench_ga.tables.contents import TableContents
from nasbench_ga.tables.readers import nats_bench
from nasbench_ga.tables.readers.nasbench101_trainings import Trainings
from nasbench_ga.tables.readers.nats_results import COST_NOTE, MetricColumns, Results, cell_metrics, space_of

UNDERSTOOD = (
    "nasbench.api.NASBench (hash_iterator and get_metrics_from_hash, or the dicts of statistics they read)",
    "nas_201_api.NASBench201API (meta_archs and arch2infos_dict)",
    "nats_bench's NATStopology and NATSsize (the same, or fast_mode and archive_dir)",
)
_PARTS = ("halfway", "final")
_NUMBERS = ("train_accuracy", "validation_accuracy", "test_accuracy", "training_time")


def read_api(api: object, progress: bool = False) -> TableContents:
    """Everything that a loaded API object holds, under the names that the readers of the files use.

    An object of nats_bench in fast mode holds nothing yet; its folder is read instead.

    Args:
        api: an object of one of the classes in `UNDERSTOOD`, or of a fork.
        progress: draw a bar of cells on stderr once it takes longer than two seconds.

    Raises:
        NasbenchError: another object, or one whose content contradicts its benchmark.
        CorruptFileError: a file of an object in fast mode, or a result, is damaged.
    """
    if _has(api, "fixed_statistics", "computed_statistics") or _has(api, "hash_iterator", "get_metrics_from_hash"):
        return _read_nasbench101(api, progress)
    if _has(api, "meta_archs", "arch2infos_dict"):
        return _read_nats(api, progress)
    listed = "; ".join(UNDERSTOOD)
    raise NasbenchError(
        f"Expected a loaded API object of a benchmark, got {type(api).__qualname__}. Understood are: {listed}."
    )


def _has(api: object, *names: str) -> bool:
    return all(hasattr(api, name) for name in names)


def _read_nasbench101(api: Any, progress: bool) -> TableContents:
    trainings = Trainings()
    cells = _nasbench101_cells(api)
    with tqdm(cells, desc="NASBench", unit="cell", delay=2, leave=False, disable=not progress) as bar:
        for module_hash, fixed, computed in bar:
            try:
                _add_nasbench101_cell(trainings, module_hash, fixed, computed)
            except (ValueError, KeyError, TypeError) as error:
                raise NasbenchError(
                    f"The {type(api).__qualname__} object holds something else than NAS-Bench-101 for hash "
                    f"{module_hash}: {error}."
                ) from error
    return trainings.contents({"source": type(api).__qualname__, "reader": "loaded_api"})


def _nasbench101_cells(api: Any) -> Iterator[tuple[str, Mapping[str, Any], Mapping[int, Any]]]:
    """Hash, fixed and computed statistics of each cell; from the attributes, if any: the method copies."""
    if _has(api, "fixed_statistics", "computed_statistics"):
        for module_hash, fixed in api.fixed_statistics.items():
            yield module_hash, fixed, api.computed_statistics[module_hash]
    else:
        for module_hash in api.hash_iterator():
            yield module_hash, *api.get_metrics_from_hash(module_hash)


def _add_nasbench101_cell(
    trainings: Trainings, module_hash: str, fixed: Mapping[str, Any], computed: Mapping[int, Any]
) -> None:
    adjacency = "".join(map(str, np.asarray(fixed["module_adjacency"]).astype(int).ravel().tolist()))
    operations = ",".join(fixed["module_operations"])
    parameters = int(fixed["trainable_parameters"])
    for epochs, repeats in computed.items():
        for repeat in repeats:
            results = tuple(float(repeat[f"{part}_{number}"]) for part in _PARTS for number in _NUMBERS)
            trainings.add(module_hash, int(epochs), adjacency, operations, parameters, results)


def _read_nats(api: Any, progress: bool) -> TableContents:
    if getattr(api, "fast_mode", False) and getattr(api, "archive_dir", None) is not None:
        return nats_bench.read(Path(api.archive_dir), progress)
    name = type(api).__qualname__
    columns = MetricColumns(space_of(api.meta_archs, f"The {name} object"))
    indices = tqdm(api.arch2infos_dict, desc=name, unit="cell", delay=2, leave=False, disable=not progress)
    with indices as bar:
        add_cells(columns, api, bar, f"the {name} object")
    return columns.contents({"source": name, "reader": "loaded_api"}, (COST_NOTE,))


def add_cells(columns: MetricColumns, api: Any, indices: Iterable[int], source: str) -> None:
    """Files the metrics of cells that an API object of NAS-Bench-201 or NATS-Bench holds in memory.

    Args:
        columns: takes them.
        api: has `meta_archs` and `arch2infos_dict`.
        indices: of the cells.
        source: where they come from, for messages.

    Raises:
        NasbenchError: the results under an index are another architecture's.
        CorruptFileError: they are not what the benchmark publishes.
    """
    architectures: Sequence[str] = api.meta_archs
    for index in indices:
        results: Results = {hp: info.state_dict() for hp, info in api.arch2infos_dict[index].items()}
        metrics = cell_metrics(results, f"{source}, architecture {index}")
        for result in results.values():
            if result["arch_str"] != architectures[index]:
                raise NasbenchError(
                    f"{source}: expected the results of {architectures[index]} as number {index}, got those "
                    f"of {result['arch_str']}."
                )
        columns.add(index, metrics)
