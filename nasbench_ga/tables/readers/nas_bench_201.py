"""Reads NAS-Bench-201's own files: `NAS-Bench-201-v1_1-096897.pth`, version 1.0's, or an archive folder.

They are pickles of plain dicts, numpy scalars and (in the archive) tensors, in torch's container. They are
read with torch's `weights_only`, which executes nothing, and understood by the official API, the package
nas-bench-201. Source: Dong & Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
Search", ICLR 2020.

Of the 15,625 cells version 1.0 trained 7,785 three times and 6,219 only once, version 1.1 7,961 and 2,225
(the official API's history); seeds that a cell did not train with are NaN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.contents import TableContents
from nasbench_ga.tables.readers.loaded_api import add_cells
from nasbench_ga.tables.readers.nats_results import COST_NOTE, MetricColumns, space_of

_SPACE = "nats-tss"
_PARTS = ("meta_archs", "arch2infos", "evaluated_indexes")
_ARCHIVED = re.compile(r"(\d{6})-FULL\.pth")
_CELLS_AT_ONCE = 64  # the API copies what it is given, so it is given little at a time


def read(path: Path, progress: bool = False) -> TableContents:
    """All final results in a NAS-Bench-201 `.pth` file or archive folder.

    See `nats_results.cell_metrics` for the columns. The official file takes some 30 GB of memory to load; an
    archive folder is read file by file.

    Args:
        path: the file, or the folder with files like `000000-FULL.pth`.
        progress: draw a bar of cells on stderr once it takes longer than two seconds.

    Raises:
        CorruptFileError: the file is damaged, holds anything but plain data, or is not NAS-Bench-201.
        NasbenchError: torch or nas-bench-201 is not installed.
    """
    _, api_class = _packages()
    columns = MetricColumns(_SPACE)
    batches = _batches_of_folder(path) if path.is_dir() else _batches_of_file(path)
    with tqdm(desc=path.name, unit="cell", delay=2, leave=False, disable=not progress) as bar:
        for architectures, infos in batches:
            api = _api(api_class, architectures, infos, path)
            add_cells(columns, api, list(api.arch2infos_dict), str(path))
            bar.update(len(infos))
    return columns.contents({"source": path.name, "reader": "nas_bench_201"}, (COST_NOTE,))


def _packages() -> tuple[Any, Any]:
    """The module torch and the class NASBench201API."""
    try:
        import torch
        from nas_201_api import NASBench201API
    except ImportError as error:
        raise NasbenchError(
            f"Reading NAS-Bench-201's .pth files needs the package {error.name}: pip install "
            "'nasbench-ga[nb201]'. NATS-Bench publishes the same cells in files that need neither."
        ) from error
    return torch, NASBench201API


def _api(api_class: Any, architectures: list[str], infos: dict[int, Any], path: Path) -> Any:
    content = dict(zip(_PARTS, (architectures, infos, list(infos)), strict=True))
    try:
        return api_class(content, verbose=False)
    except Exception as error:  # the package checks with assert, and fails in whichever way the content makes it
        raise CorruptFileError(f"{path}: the official API does not understand it: {error!r}.") from error


def _batches_of_file(path: Path) -> Iterator[tuple[list[str], dict[int, Any]]]:
    content = _load(path)
    if not isinstance(content, dict) or not all(part in content for part in _PARTS):
        raise CorruptFileError(f"{path}: expected a dict of {', '.join(_PARTS)}, as NAS-Bench-201 publishes.")
    architectures = content["meta_archs"]
    if space_of(architectures, str(path)) != _SPACE:
        raise CorruptFileError(f"{path}: expected the architectures of {_SPACE}, got those of another benchmark.")
    infos = content.pop("arch2infos")
    while infos:
        batch = sorted(infos)[:_CELLS_AT_ONCE]
        yield architectures, {index: infos.pop(index) for index in batch}


def _batches_of_folder(folder: Path) -> Iterator[tuple[list[str], dict[int, Any]]]:
    space = get_space(_SPACE)
    architectures = [space.decode(genotype) for genotype in space.enumerate()]
    for file in sorted(folder.iterdir()):
        matched = _ARCHIVED.fullmatch(file.name)
        if matched is None:
            continue
        if int(matched[1]) >= len(architectures):
            raise CorruptFileError(f"{file}: expected a number below {len(architectures):,}.")
        yield architectures, {int(matched[1]): _without_weights(_load(file), file)}


def _without_weights(content: Any, file: Path) -> dict[str, Any]:
    """An archived cell's results less the trained weights, which the API would copy."""
    if not isinstance(content, Mapping) or not {"full", "less"} <= content.keys():
        raise CorruptFileError(f"{file}: expected a dict of full and less, as NAS-Bench-201's archive has them.")
    for part in ("full", "less"):
        for trial in content[part]["all_results"].values():
            trial["net_state_dict"] = None
    return dict(content)


def _load(path: Path) -> Any:
    torch, _ = _packages()
    try:
        with _numpy_scalars(torch):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise CorruptFileError(
            f"{path} cannot be read as plain data: {error}. Download it again, and mistrust it if it asks for code."
        ) from error


def _numpy_scalars(torch: Any) -> AbstractContextManager[None]:
    """Admits numpy's numbers, under the module names of numpy 1 and 2, and nothing else."""
    import numpy as np
    from numpy._core.multiarray import scalar

    kinds = {type(np.dtype(code)) for code in np.typecodes["AllInteger"] + np.typecodes["Float"]}
    names = [(scalar, f"{package}.multiarray.scalar") for package in ("numpy.core", "numpy._core")]
    context: AbstractContextManager[None] = torch.serialization.safe_globals([*names, np.dtype, *kinds])
    return context
