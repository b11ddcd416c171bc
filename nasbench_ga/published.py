"""A file that somebody published: where it is and how it is known to be right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFile:
    """One file that can be fetched.

    Args:
        title: what it holds, as its authors call it.
        file_name: its official name; with folders in front where it has to lie in them.
        url: where it is fetched from.
        checksum: what its publisher states, "sha256:..." or "md5:..." in hexadecimal; None where none is stated.
        checksum_note: what is known of the checksum, one sentence.
        homepage: where its authors describe it and offer it for download.
        size_bytes: its size; None where it is known only roughly. Tells what to expect and is never taken as a
            proof of anything.
    """

    title: str
    file_name: str
    url: str
    checksum: str | None
    checksum_note: str
    homepage: str
    size_bytes: int | None = None
