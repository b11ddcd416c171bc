"""Fetches published files: goes on after a break, verifies, and never leaves half a file."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pooch
import requests
import urllib3
from tqdm import tqdm

from nasbench_ga import files
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.published import PublishedFile

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try when a connection breaks; a try that got further starts the row anew."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and seconds of silence after which a connection counts as broken."""
CHUNK = 1 << 18
"""Bytes taken from the connection at a time."""

pooch.get_logger().setLevel(logging.WARNING)  # its notices speak to programmers; ours speak to the user

_BROKEN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_BUSY = frozenset({429, 500, 502, 503, 504})


def fetch(
    published: PublishedFile,
    folder: Path,
    *,
    say: Callable[[str], None] = print,
    waits: Sequence[float] = WAITS,
) -> Path:
    """A published file, downloaded into `folder` unless it is there already.

    Args:
        published: what to fetch.
        folder: where to put the file; made when missing.
        say: takes each line that is meant for the user.
        waits: see `WAITS`.

    Returns:
        Where the file lies.

    Raises:
        CorruptFileError: what came is not what was published; it is removed, and nothing else has changed.
        NasbenchError: it cannot be fetched: no network, no such file, no space, refused by the host.
    """
    target = folder.absolute() / published.file_name
    if _is_there(published, target, say):
        return target
    say(f"Fetching {published.title} from {published.url} into {folder} ...")
    download = ResumingDownload(published, target, say=say, waits=waits)
    try:
        pooch.retrieve(
            published.url,
            known_hash=published.checksum,
            fname=target.name,
            path=target.parent,
            downloader=download,
        )
    except NasbenchError:
        raise
    except ValueError as error:  # how pooch says that the checksum differs; it has removed what came
        raise CorruptFileError(
            f"What {published.url} sent is not the published {published.file_name}: {error} "
            f"Nothing else has changed. Fetch it again; if that fails too, see {published.homepage}."
        ) from error
    except OSError as error:
        raise NasbenchError(f"Cannot write {target}: {error.strerror or error}. Nothing else has changed.") from error
    _tell_checksum(published, target, say)
    return target


def is_right(published: PublishedFile, path: Path) -> bool:
    """Whether a file has the checksum that is published; False where none is."""
    if published.checksum is None:
        return False
    algorithm, _, stated = published.checksum.partition(":")
    return files.digest(path, algorithm) == stated


def _is_there(published: PublishedFile, target: Path, say: Callable[[str], None]) -> bool:
    if not target.is_file():
        return False
    if published.checksum is None:
        say(f"{target} is there already; nothing to fetch.")
        _tell_checksum(published, target, say)
        return True
    if is_right(published, target):
        say(f"{target} is there already and its checksum is right; nothing to fetch.")
        return True
    say(f"{target} is there, but it is not the published file; it is replaced once the right one has come.")
    return False


def _tell_checksum(published: PublishedFile, target: Path, say: Callable[[str], None]) -> None:
    if published.checksum is None:
        say(f"{published.checksum_note} Not verified; the SHA-256 of {target} is {files.sha256(target)}.")
    else:
        say(f"{target}: {target.stat().st_size:,} bytes; the checksum is the published one.")


@dataclasses.dataclass(frozen=True)
class _Note:
    """What is remembered of a partial file, so that another version is never joined to it.

    Args:
        url: where it comes from.
        validator: the strong ETag, or else the date of last modification, that came with it.
        total: bytes of the whole file.
    """

    url: str
    validator: str | None
    total: int | None

    @classmethod
    def of(cls, url: str, response: requests.Response, total: int | None) -> _Note:
        tag = response.headers.get("ETag", "")
        validator = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
        return cls(url, validator, total)


class ResumingDownload:
    """A downloader for pooch that keeps what has come in `<file>.part` and goes on from there, also later.

    Args:
        published: what is fetched.
        target: where the whole file will lie; the partial one lies beside it.
        say: takes each line that is meant for the user.
        waits: seconds before each new try.
    """

    def __init__(
        self, published: PublishedFile, target: Path, *, say: Callable[[str], None], waits: Sequence[float]
    ) -> None:
        self.published, self.say, self.waits = published, say, waits
        self.part = target.with_name(f"{target.name}.part")
        self.note_file = target.with_name(f"{target.name}.part.json")

    def __call__(self, url: str, output_file: str, _pooch: object = None, _check_only: bool = False) -> None:
        """Downloads `url` whole and moves it to `output_file`.

        Raises:
            NasbenchError: it cannot be had; what has come so far is kept.
        """
        try:
            with self._open_part() as file, requests.Session() as session:
                session.headers["User-Agent"] = "nasbench-ga"
                session.headers["Accept-Encoding"] = "identity"  # ranges count the bytes of the file itself
                self._download(session, url, file)
                os.fsync(file.fileno())
                self.part.replace(output_file)
        except requests.RequestException as error:
            raise self._problem(f"{url} cannot be fetched ({error})") from error
        except OSError as error:
            raise self._cannot_write(error) from error

    @contextlib.contextmanager
    def _open_part(self) -> Iterator[BinaryIO]:
        """The partial file, for this process alone; nothing useless is left of it in the end."""
        with self.part.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = self.part.exists() and os.path.samestat(os.fstat(file.fileno()), self.part.stat())
            except BlockingIOError:
                mine = False
            if not mine:  # another holds it, or has just finished and moved it away
                raise NasbenchError(
                    f"Another process is writing {self.part}; wait until it has ended, and fetch again."
                )
            try:
                yield file
            finally:
                self._drop_leftovers()

    def _download(self, session: requests.Session, url: str, file: BinaryIO) -> None:
        start = furthest = _size(file)
        failures = 0
        while True:
            try:
                self._try_once(session, url, file)
                return
            except _BROKEN as error:
                if _size(file) > furthest:
                    furthest, failures = _size(file), 0
                if failures == len(self.waits) or (_unknown_host(error) and furthest == start):
                    raise self._no_connection(url, error) from error
                wait = self.waits[failures]
                failures += 1
                self.say(f"The connection broke after {_size(file):,} bytes; trying again in {wait:g} s.")
                time.sleep(wait)

    def _try_once(self, session: requests.Session, url: str, file: BinaryIO) -> None:
        have, note = _size(file), self._read_note(url)
        if note and note.total == have:
            return
        headers = self._range(note, have)
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            self._refuse(response, url)
            goes_on = _continues(response, url, note, have)
            if have and not goes_on:
                self.say("The host cannot go on where the last download ended: starting afresh.")
                file.truncate(0)
            if goes_on or response.status_code == 200:
                self._receive(response, url, file, have if goes_on else 0)
                return
            if not headers:
                raise self._problem(f"{url} gave an unusable answer (HTTP {response.status_code})")
        self._try_once(session, url, file)

    def _range(self, note: _Note | None, have: int) -> dict[str, str]:
        """The headers that ask for the rest, where something vouches that it is the rest of the same file."""
        if not have or note is None or not (note.validator or self.published.checksum):
            return {}
        headers = {"Range": f"bytes={have}-"}
        if note.validator:
            headers["If-Range"] = note.validator
        return headers

    def _receive(self, response: requests.Response, url: str, file: BinaryIO, have: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        if not have:
            files.write_json(self.note_file, dataclasses.asdict(_Note.of(url, response, total)))
        self._check_space(self.published.size_bytes if total is None else total, have)
        with tqdm(
            total=total,
            initial=have,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            desc=self.published.file_name,
            disable=None,
        ) as bar:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        if total is not None and _size(file) != total:
            raise requests.ConnectionError(f"{_size(file):,} of {total:,} bytes came")

    def _check_space(self, total: int | None, have: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if total is not None and total - have > free:
            raise NasbenchError(
                f"{self.published.file_name} needs {total - have:,} bytes more, and {self.part.parent} has "
                f"only {free:,} bytes free. Make room, or choose a folder on another disk."
            )

    def _read_note(self, url: str) -> _Note | None:
        """The note beside the partial file; None when there is none, it is damaged, or of another address."""
        if not self.note_file.exists():
            return None
        try:
            note = _Note(**files.read_json(self.note_file))
        except (CorruptFileError, TypeError):
            self.say(f"{self.note_file} is damaged, so what has come before is not used.")
            return None
        return note if note.url == url else None

    def _drop_leftovers(self) -> None:
        """Removes an empty partial file, and the note where there is no partial file."""
        if self.part.exists() and self.part.stat().st_size == 0:
            self.part.unlink()
        if not self.part.exists():
            self.note_file.unlink(missing_ok=True)

    def _refuse(self, response: requests.Response, url: str) -> None:
        """Raises when a response is no part of the file, unless it says that the range did not fit."""
        status = response.status_code
        if status in _BUSY:
            raise requests.ConnectionError(f"the host answered HTTP {status} {response.reason}")
        if status in {404, 410}:
            raise self._problem(f"{url} does not exist any more (HTTP {status})")
        if status != 416:
            self._refuse_web_page(response, url)
            if status >= 400:
                raise self._problem(f"{url} was refused (HTTP {status} {response.reason})")

    def _refuse_web_page(self, response: requests.Response, url: str) -> None:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return
        page = next(response.iter_content(1 << 16), b"").decode("utf-8", "replace")
        found = re.search(r"<title>(.*?)</title>", page, re.DOTALL | re.IGNORECASE)
        title = " ".join(found[1].split()) if found else "no title"
        if "quota" in page.lower() or "too many users" in page.lower():
            reason = "the file was downloaded too often of late, and the host lets nobody have it for up to a day"
        else:
            reason = "the host wants a person to confirm something, or the file has moved"
        raise self._problem(f"{url} gave a web page ({title!r}) instead of the file: {reason}")

    def _no_connection(self, url: str, error: requests.RequestException) -> NasbenchError:
        host = urllib3.util.parse_url(url).host
        if _unknown_host(error):
            return self._problem(f"The host {host} cannot be found: is this machine online? ({url})")
        kept = self.part.stat().st_size
        return self._problem(
            f"{url} cannot be fetched: no lasting connection to {host} in {len(self.waits) + 1} tries "
            f"({error}). {kept:,} bytes are kept, and the same command goes on from there"
        )

    def _problem(self, what: str) -> NasbenchError:
        return NasbenchError(
            f"{what}. Try again later, or download {self.published.file_name} by hand from "
            f"{self.published.homepage} and put it under that name into a folder of NASBENCH_GA_DATA."
        )

    def _cannot_write(self, error: OSError) -> NasbenchError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NasbenchError(
                f"The disk of {self.part.parent} is full. Make room and run the same command: "
                f"it goes on from what {self.part.name} holds."
            )
        return NasbenchError(f"Cannot write {self.part}: {error.strerror or error}. Nothing else has changed.")


def _size(file: BinaryIO) -> int:
    file.flush()
    return os.fstat(file.fileno()).st_size


def _continues(response: requests.Response, url: str, note: _Note | None, have: int) -> bool:
    """Whether a response holds just what is missing of the version that the partial file was begun with."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if response.status_code != 206 or note is None or found is None:
        return False
    whole = note.total is None or found[3] in {"*", str(note.total)}
    now = _Note.of(url, response, None)
    same = now.validator is None or note.validator is None or now.validator == note.validator
    return int(found[1]) == have and whole and same


def _unknown_host(error: BaseException | None) -> bool:
    """Whether an error comes from a host name that could not be resolved."""
    seen: list[object] = [error]
    while seen:
        cause = seen.pop()
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return True
        if isinstance(cause, BaseException):
            seen += [*cause.args, getattr(cause, "reason", None)]
    return False
