"""Readers of the files in which benchmarks are published: one a format, all giving columns by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_ga.errors import NasbenchError

if TYPE_CHECKING:
    from nasbench_ga.tables.contents import TableContents

FORMATS = (
    "NAS-Bench-101: nasbench_only108.tfrecord, nasbench_full.tfrecord",
    "NATS-Bench: a folder or .tar with meta.pickle.pbz2 and 000000.pickle.pbz2 (its name ends in -simple)",
    "NAS-Bench-201: NAS-Bench-201-v1_0-e61699.pth, -v1_1-096897.pth, or a folder with 000000-FULL.pth",
    "AnalogNAS-Bench: data.anb of the package analog-nasbench",
    "tables of published means: .parquet",
)

_HEAD, _TAR_MAGIC_AT = 512, 257


def read(path: str | Path, progress: bool = False) -> TableContents:
    """Reads a published benchmark file or folder, whichever of `FORMATS` its content says it is.

    Args:
        path: the file or folder.
        progress: draw a bar on stderr if it takes longer than two seconds.

    Raises:
        CorruptFileError: the file contradicts its format or its checksums.
        NasbenchError: there is no such file, or it is in none of the known formats.
    """
    path = Path(path).expanduser()
    try:
        return _read(path, progress)
    except OSError as error:
        raise NasbenchError(f"Cannot read {path}: {error.strerror or error}.") from error


def _read(path: Path, progress: bool) -> TableContents:
    """Each reader is imported only when it is the one: some need a package that the others do not."""
    match _format(path):
        case "nasbench101":
            from nasbench_ga.tables.readers import nasbench101

            return nasbench101.read(path, progress)
        case "nats_bench":
            from nasbench_ga.tables.readers import nats_bench

            return nats_bench.read(path, progress)
        case "nas_bench_201":
            from nasbench_ga.tables.readers import nas_bench_201

            return nas_bench_201.read(path, progress)
        case "analog":
            from nasbench_ga.tables.readers import analog

            return analog.read(path)
        case "published_parquet":
            from nasbench_ga.tables.readers import published_parquet

            return published_parquet.read(path)
    listed = "\n".join(f"- {line}" for line in FORMATS)
    raise NasbenchError(f"{path} is in none of the formats that are understood:\n{listed}")


def _format(path: Path) -> str | None:
    """The reader for a file or folder, by its content where that is telling, else by its name."""
    if path.is_dir():
        names = {file.name for file in path.iterdir()}
        if "meta.pickle.pbz2" in names:
            return "nats_bench"
        return "nas_bench_201" if any(name.endswith("-FULL.pth") for name in names) else None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return "published_parquet"
    if head[_TAR_MAGIC_AT:].startswith(b"ustar"):
        return "nats_bench"
    if b"analognasbench" in head:
        return "analog"
    return _format_by_suffix(path) or ("nasbench101" if _begins_with_record(head) else None)


def _format_by_suffix(path: Path) -> str | None:
    readers = {
        ".tfrecord": "nasbench101",
        ".tar": "nats_bench",
        ".pth": "nas_bench_201",
        ".anb": "analog",
        ".parquet": "published_parquet",
    }
    return readers.get(path.suffix.lower())


def _begins_with_record(head: bytes) -> bool:
    from nasbench_ga.tables.readers.tfrecord import begins_with_record

    return begins_with_record(head)
