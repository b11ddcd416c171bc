"""Fetches data sets: the official files, or the official archive and the files out of it."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from nasbench_ga import downloads
from nasbench_ga.data_folders import search_folders
from nasbench_ga.errors import CorruptFileError, DatasetNotFoundError, NasbenchError
from nasbench_ga.files import write_bytes
from nasbench_ga.published import PublishedFile
from nasbench_ga.training.datasets import DATASETS, DataSet, Layout, contents, find_layout

ARCHIVE = ".tar.gz"


def fetch(
    name: str, folder: Path, *, say: Callable[[str], None] = print, waits: Sequence[float] = downloads.WAITS
) -> None:
    """Puts the files of a data set into `folder`, unless they are there already, so that `load_images` finds them.

    An official archive that lies in a folder of `$NASBENCH_GA_DATA` or in `data/` is unpacked and not fetched again.

    Args:
        name: of a registered data set.
        folder: where to put the files; made when missing.
        say: takes each line that is meant for the user.
        waits: see `downloads.WAITS`.

    Raises:
        UnknownNameError: no data set is called so.
        CorruptFileError: what came is not what was published.
        NasbenchError: it cannot be fetched: there is no address, no network, no space.
    """
    dataset = DATASETS[name]
    if dataset.make is not None:
        say(f"{dataset.title}: no files are needed; nothing to fetch.")
        return
    if _is_there(dataset, folder):
        say(f"{dataset.title} is in {folder} already and its checksums are right; nothing to fetch.")
        return
    layouts = [layout for layout in dataset.layouts if layout.downloads]
    if not layouts:
        raise NasbenchError(f"{dataset.title} cannot be fetched. {dataset.how_to_get}")
    for layout in layouts:
        archives = [_lying_here(published) for published in layout.downloads]
        if all(archives):
            break
    else:
        layout, archives = layouts[0], [None] * len(layouts[0].downloads)
    for published, archive in zip(layout.downloads, archives, strict=True):
        file = archive or downloads.fetch(published, folder, say=say, waits=waits)
        if file.name.endswith(ARCHIVE):
            say(f"Unpacking {file} into {folder} ...")
            unpack(file, layout, folder)
    say(f"{dataset.title} is in {folder}.")


def _is_there(dataset: DataSet, folder: Path) -> bool:
    """Whether every split of a data set lies in a folder, and is right."""
    try:
        for split in dataset.sizes:
            layout, _ = find_layout(dataset, split, folders=[folder])
            for _ in contents(dataset, layout, folder, split):
                pass
    except (DatasetNotFoundError, CorruptFileError):
        return False
    return True


def _lying_here(published: PublishedFile) -> Path | None:
    """An archive that is in one of the data folders already, and is right."""
    if not published.file_name.endswith(ARCHIVE):
        return None
    files = [folder / published.file_name for folder in search_folders()]
    return next((file for file in files if file.is_file() and downloads.is_right(published, file)), None)


def unpack(archive: Path, layout: Layout, folder: Path) -> None:
    """Writes the files of a layout that are in an archive, each whole or not at all, and nothing else.

    Raises:
        CorruptFileError: the archive is damaged, lacks a file, or has another one of that name.
        NasbenchError: they cannot be written.
    """
    wanted = {name: md5 for split in layout.files.values() for name, md5 in split.items()}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = str(PurePosixPath(member.name))
                if name in wanted and member.isreg() and (file := tar.extractfile(member)):
                    _write(folder / name, file.read(), wanted.pop(name), archive)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise CorruptFileError(f"{archive} cannot be unpacked: {error}. Remove it and fetch it again.") from error
    if wanted:
        raise CorruptFileError(f"{archive} lacks {', '.join(wanted)}; remove it and fetch it again.")


def _write(path: Path, data: bytes, md5: str | None, archive: Path) -> None:
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != (md5 or found):
        raise CorruptFileError(
            f"{path.name} in {archive} has the MD5 {found}, and {md5} was expected; remove the archive and fetch it "
            "again."
        )
    write_bytes(path, data)
