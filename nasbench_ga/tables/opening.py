"""From a table's name or path to the table: where to look, and a compact copy of whatever is found."""

from __future__ import annotations

import glob
import hashlib
import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nasbench_ga.data_folders import DATA_FOLDER, search_folders
from nasbench_ga.errors import CorruptFileError, NasbenchError, TableNotFoundError, UnknownNameError
from nasbench_ga.tables import readers, storage
from nasbench_ga.tables.catalog import CATALOG
from nasbench_ga.tables.contents import TableContents
from nasbench_ga.tables.table import Table

COMPACT_COPIES = DATA_FOLDER / "compact"


@dataclass(frozen=True)
class Source:
    """A file or folder that holds a table, and the name it goes by.

    Attributes:
        name: what the table is called.
        path: where it lies.
        instead_of: names of tables that come first in the catalog and are not there.
    """

    name: str
    path: Path
    instead_of: tuple[str, ...] = ()


def open_table(name: str, path: str | os.PathLike[str] | None = None, *, progress: bool = False) -> Table:
    """Opens a table of published results, memory-mapped.

    Searched in this order: `path`, the folders of `$NASBENCH_GA_DATA`, `data/`, the package that brings it. A file
    that is not compact yet is converted once; the compact copy is kept in `data/compact/`.

    Args:
        name: a name of the catalog (`nb101`, `nats-tss`, ..), or of a table that was converted under another.
        path: a compact table, or a file or folder in any format that `tables.convert` reads.
        progress: show a progress bar if it takes more than two seconds.

    Raises:
        TableNotFoundError: there is none; the message says where was looked and how to get it.
        UnknownNameError: the name is neither in the catalog nor that of a file in the folders.
        CorruptFileError: the file is damaged.
    """
    return open_source(find(name) if path is None else Source(name, Path(path)), progress=progress)


def find(name: str) -> Source:
    """Where the table called `name` lies; a name that is not in the catalog may be a path.

    Raises:
        TableNotFoundError: a table of the catalog that is in none of the places.
        UnknownNameError: a name that nothing goes by.
    """
    known_as = CATALOG[name].known_as if name in CATALOG else ()
    for folder in search_folders():
        for file_name in (f"{name}{storage.SUFFIX}", *known_as):
            if (folder / file_name).exists():
                return Source(name, folder / file_name)
    if name not in CATALOG and Path(name).exists():
        return Source(Path(name).stem, Path(name))
    if name not in CATALOG and (os.sep in name or Path(name).suffix):
        raise TableNotFoundError(f"There is no table at {name}.")
    if name not in CATALOG:
        raise UnknownNameError("table", name, CATALOG)
    if installed := CATALOG[name].installed_file():
        return Source(name, installed)
    raise TableNotFoundError(_not_found(name))


def find_for_space(space: str) -> Source:
    """The first table of the catalog that tells about `space` and is there.

    Raises:
        TableNotFoundError: there is none.
    """
    missing: dict[str, TableNotFoundError] = {}
    for name, publication in CATALOG.items():
        if publication.space == space:
            try:
                return replace(find(name), instead_of=tuple(missing))
            except TableNotFoundError as error:
                missing[name] = error
    if missing:
        raise next(iter(missing.values()))
    raise TableNotFoundError(
        f"The catalog has no table of the space {space!r}: name one by its path (--table), or take a fitness that "
        "needs none, such as --fitness trained."
    )


def _not_found(name: str) -> str:
    publication = CATALOG[name]
    places = ", ".join(str(folder) for folder in search_folders())
    file_names = ", ".join((f"{name}{storage.SUFFIX}", *publication.known_as))
    return f"Table {name!r} is in none of: {places} (looked for {file_names}). Get it with: {publication.how_to_get}"


def open_source(source: Source, *, progress: bool = False) -> Table:
    """Opens a file or folder; converts it first unless it is compact.

    Raises:
        TableNotFoundError: nothing is there.
        CorruptFileError: it is damaged.
    """
    if not source.path.exists():
        raise TableNotFoundError(f"There is no table at {source.path}.")
    table = Table(source.name, _stored(source, progress), source.path)
    if source.name in CATALOG and CATALOG[source.name].space != table.space:
        raise NasbenchError(f"{source.path} is a table of the space {table.space!r}, which {source.name!r} is not.")
    return table


def _stored(source: Source, progress: bool) -> storage.StoredTable:
    if source.path.suffix == storage.SUFFIX:
        return storage.read(source.path)
    place, state = _place_and_state(source.path)
    copy = COMPACT_COPIES / f"{source.name}-{place}-{state}{storage.SUFFIX}"
    if copy.exists():
        try:
            return storage.read(copy)
        except CorruptFileError as error:
            warnings.warn(f"{error} Converting {source.path} again.", stacklevel=2)
    stored = storage.store(_read(source.name, source.path, progress))
    try:
        storage.write(stored, copy)
        for outdated in set(COMPACT_COPIES.glob(f"{glob.escape(source.name)}-{place}-*")) - {copy}:
            outdated.unlink(missing_ok=True)
    except NasbenchError as error:
        warnings.warn(f"{error} {source.path} is converted each time it is opened.", stacklevel=2)
    return stored


def _read(name: str, path: Path, progress: bool) -> TableContents:
    """Reads a published file; one with its official name has to have the checksum that its publisher states."""
    contents = readers.read(path, progress=progress)
    stated = CATALOG[name].sha256 if name in CATALOG and path.name == CATALOG[name].file_name else None
    if stated not in (None, contents.provenance.get("sha256")):
        raise CorruptFileError(
            f"{path} has the SHA-256 {contents.provenance.get('sha256')}, but its publisher states {stated}. "
            f"Get it again: {CATALOG[name].how_to_get}"
        )
    return contents


def _place_and_state(path: Path) -> tuple[str, str]:
    """Digests of where a file or folder lies, and of what changes whenever it does or the compact format does."""
    files = [path, *(path.iterdir() if path.is_dir() else ())]
    statuses = [file.stat() for file in files]
    size, changed = sum(s.st_size for s in statuses), max(s.st_mtime_ns for s in statuses)
    parts = (str(path.resolve()), f"{len(files)} {size} {changed} {storage.FORMAT}")
    return (hashlib.sha256(parts[0].encode()).hexdigest()[:8], hashlib.sha256(parts[1].encode()).hexdigest()[:8])


def convert(name: str, source: str | os.PathLike[str], *, progress: bool = False) -> Path:
    """Converts a published file or folder to the compact table `data/NAME.arrow`, and returns where it lies.

    Raises:
        TableNotFoundError: nothing is there.
        NasbenchError: the name is in the catalog for another space, or `data/` cannot be written.
        CorruptFileError: the source is damaged.
    """
    if not Path(source).exists():
        raise TableNotFoundError(f"There is nothing to convert at {source}.")
    if Path(name).name != name:
        raise NasbenchError(f"A table is called by a plain name, not {name!r}.")
    contents = _read(name, Path(source), progress)
    if name in CATALOG and CATALOG[name].space != contents.space:
        raise NasbenchError(
            f"{source} is a table of the space {contents.space!r}, but {name!r} is one of {CATALOG[name].space!r}."
        )
    target = DATA_FOLDER / f"{name}{storage.SUFFIX}"
    storage.write(storage.store(contents), target)
    return target


def from_api(api: Any, name: str = "loaded-api") -> Table:
    """The table inside an official API object that is loaded already.

    Args:
        api: a `nasbench.api.NASBench` of any fork, a `NASBench201API`, or what `nats_bench.create` returns.
        name: what to call the table.

    Raises:
        NasbenchError: none of these.
    """
    from nasbench_ga.tables.readers.loaded_api import read_api

    return Table(name, storage.store(read_api(api)))
