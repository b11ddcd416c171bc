"""Reads a NATS-Bench folder, such as `NATS-tss-v1_0-3ffb9-simple`, or its official `.tar`.

Such a folder holds `meta.pickle.pbz2`, the list of all architectures, and a file `000000.pickle.pbz2` for
each of them: bz2 around a pickle of plain containers. They are read as data: nothing in them is executed.
Source: Dong et al., "NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size", TPAMI 2021.
"""

from __future__ import annotations

import bz2
import re
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from nasbench_ga.environment import available_cores
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import load_plain_pickle
from nasbench_ga.tables.contents import TableContents
from nasbench_ga.tables.readers.nats_results import COST_NOTE, MetricColumns, Metrics, cell_metrics, space_of

META = "meta.pickle.pbz2"
NOTES = (
    (
        "Only results after the last epoch are kept. train-seconds is the whole training, the seconds of a "
        "split are one evaluation; the official simulate_train_eval charges train-seconds plus "
        "x-valid-seconds."
    ),
    "NATS-Bench publishes estimated times: every epoch of a training takes the same.",
    COST_NOTE,
)

_CELL = re.compile(r"(\d{1,6})\.pickle\.pbz2")
_MOST_BYTES = 1 << 26  # in one file; the published ones hold less than 2 MB
_FILES_A_TASK = 16


class _Member(NamedTuple):
    """One of the folder's files (size -1), or the stretch of the archive that is one of its members."""

    name: str
    path: Path
    offset: int
    size: int

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.path.parent if self.size < 0 else self.path}/{self.name}"

    def content(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def read(path: Path, progress: bool = False, processes: int | None = None) -> TableContents:
    """All final results in a NATS-Bench folder or archive, of the topology or of the size space.

    See `nats_results.cell_metrics` for the columns. A folder may hold only some of the cells; the others are
    NaN.

    Args:
        path: the folder, or the `.tar` of it, which is not unpacked.
        progress: draw a bar of cells on stderr once it takes longer than two seconds.
        processes: how many processes read; as many as there are processors if not given. The result is the
            same.

    Raises:
        CorruptFileError: a file is damaged, is not what NATS-Bench publishes, or stands under another's
        number.
        NasbenchError: the folder or archive has no list of architectures or no cell.
    """
    members = _members_of_folder(path) if path.is_dir() else _members_of_tar(path)
    architectures = _architectures(members, path)
    space = space_of(architectures, f"{path}/{META}")
    cells = _numbered(members.values(), len(architectures), path)
    columns = MetricColumns(space)
    with tqdm(total=len(cells), desc=path.name, unit="cell", delay=2, leave=False, disable=not progress) as bar:
        for row, (architecture, metrics) in zip(cells, _read_cells(list(cells.values()), processes), strict=True):
            if architecture != architectures[row]:
                raise CorruptFileError(
                    f"{path}/{cells[row].name}: expected the results of {architectures[row]}, number {row}, "
                    f"got those of {architecture}. Download it again."
                )
            columns.add(row, metrics)
            bar.update()
    return columns.contents({"source": path.name, "reader": "nats_bench"}, NOTES)


def _members_of_folder(folder: Path) -> dict[str, _Member]:
    return {file.name: _Member(file.name, file, 0, -1) for file in sorted(folder.iterdir()) if file.is_file()}


def _members_of_tar(path: Path) -> dict[str, _Member]:
    try:
        with tarfile.open(path, "r:") as archive:
            files = [member for member in archive if member.isfile()]
    except tarfile.TarError as error:
        raise CorruptFileError(
            f"{path} cannot be read as an uncompressed .tar ({error}). Decompress it, or download it again."
        ) from error
    size = path.stat().st_size
    members = {}
    for file in files:
        if file.offset_data + file.size > size:
            raise CorruptFileError(f"{path} was cut off within {file.name}. Download it again.")
        name = Path(file.name).name
        if name in members:
            raise CorruptFileError(f"{path} holds {name} twice. Download it again.")
        members[name] = _Member(name, path, file.offset_data, file.size)
    return members


def _architectures(members: dict[str, _Member], path: Path) -> list[str]:
    if META not in members:
        raise NasbenchError(
            f"{path} has no {META}, the list of architectures. Expected a NATS-Bench folder whose name ends in -simple."
        )
    meta = _unpickle(members[META])
    architectures = meta.get("meta_archs") if isinstance(meta, dict) else None
    if not isinstance(architectures, list):
        raise CorruptFileError(f"{path}/{META}: expected a dict with the list meta_archs. Download it again.")
    return architectures


def _numbered(members: Iterable[_Member], size: int, path: Path) -> dict[int, _Member]:
    """The cells' files by row, in ascending order."""
    cells: dict[int, _Member] = {}
    for member in members:
        matched = _CELL.fullmatch(member.name)
        if matched is None:
            continue
        row = int(matched[1])
        if row >= size or row in cells:
            raise NasbenchError(f"{path}: expected one file each for the numbers below {size}, got {member.name} too.")
        cells[row] = member
    if not cells:
        raise NasbenchError(f"{path} has no file like 000000.pickle.pbz2, so it holds no result.")
    return dict(sorted(cells.items()))


def _read_cells(members: list[_Member], processes: int | None) -> Iterator[tuple[str, Metrics]]:
    """What `_read_cell` says of each, in the given order, whichever process reads which."""
    workers = min(processes or available_cores(), -(-len(members) // _FILES_A_TASK))
    if workers == 1:
        yield from map(_read_cell, members)
        return
    with ProcessPoolExecutor(workers) as pool:
        try:
            yield from pool.map(_read_cell, members, chunksize=_FILES_A_TASK)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _read_cell(member: _Member) -> tuple[str, Metrics]:
    """The architecture string and the metrics in one cell's file."""
    results = _unpickle(member)
    if not isinstance(results, dict) or not all(isinstance(result, dict) for result in results.values()):
        raise CorruptFileError(f"{member.place}: expected a dict of results by epochs. Download it again.")
    metrics = cell_metrics(results, member.place)
    architectures = {str(result["arch_str"]) for result in results.values()}
    if len(architectures) != 1:
        raise CorruptFileError(
            f"{member.place}: expected the results of one architecture, got {sorted(architectures)}."
        )
    return architectures.pop(), metrics


def _decompressed(content: bytes) -> bytes:
    """What a bz2 file holds, as long as that is not absurdly much."""
    parts: list[bytes] = []
    while content:
        stream = bz2.BZ2Decompressor()
        parts.append(stream.decompress(content, _MOST_BYTES + 1 - sum(map(len, parts))))
        if sum(map(len, parts)) > _MOST_BYTES:
            raise ValueError(f"it holds more than {_MOST_BYTES:,} bytes")
        if not stream.eof:
            raise ValueError("it was cut off")
        content = stream.unused_data
    return b"".join(parts)


def _unpickle(member: _Member) -> Any:
    try:
        content = _decompressed(member.content())
    except (OSError, ValueError) as error:
        raise CorruptFileError(f"{member.place} cannot be decompressed: {error}. Download it again.") from error
    return load_plain_pickle(content, member.place)
