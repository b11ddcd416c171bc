"""Downloads from a host on this machine that can behave as badly as real ones do."""

import dataclasses
import errno
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga import files
from nasbench_ga.errors import CorruptFileError, NasbenchError, UnknownNameError
from nasbench_ga.tables import download
from nasbench_ga.tables.catalog import CATALOG, Publication

CONTENT = np.random.default_rng(0).bytes(3_000_000)
OTHER = np.random.default_rng(1).bytes(3_000_000)
NAME = "table.tfrecord"


@dataclasses.dataclass
class Host:
    """A small file host, and how it misbehaves.

    Attributes:
        content: what it serves.
        etag: how it names this version of it; None for a host without ETags.
        cuts: for each coming request, after how many bytes to drop the connection (None: not at all).
        status: what it answers instead of the file, where it is not 200.
        page: the web page that it gives instead of the file.
        ranges: whether it honours a Range; `if_range`: whether it minds If-Range.
        shift: by how many bytes its ranges are off.
        lengths: whether it says how much is coming.
        requests: the headers of every request that came.
    """

    content: bytes = CONTENT
    etag: str | None = '"one"'
    cuts: list[int | None] = dataclasses.field(default_factory=list)
    status: int = 200
    page: str | None = None
    ranges: bool = True
    if_range: bool = True
    shift: int = 0
    lengths: bool = True
    requests: list[dict[str, str]] = dataclasses.field(default_factory=list)
    url: str = ""

    def asked_ranges(self) -> list[str | None]:
        return [headers.get("Range") for headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self) -> None:
        host = self.host
        host.requests.append(dict(self.headers))
        cut = host.cuts.pop(0) if host.cuts else None
        if host.page is not None or host.status != 200:
            page = (host.page or "<html><title>Oops</title></html>").encode()
            self._answer(host.status, page, {"Content-Type": "text/html; charset=utf-8"}, None)
            return
        start = self._start()
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if host.etag:
            headers["ETag"] = host.etag
        if start is None:
            self._answer(200, host.content, headers, cut)
        elif start >= len(host.content):
            self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(host.content)}"}, cut)
        else:
            start += host.shift
            whole = len(host.content)
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            self._answer(206, host.content[start:], headers, cut)

    def _start(self) -> int | None:
        asked = self.headers.get("Range")
        if asked is None or not self.host.ranges:
            return None
        if self.host.if_range and self.headers.get("If-Range", self.host.etag) != self.host.etag:
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _answer(self, status: int, body: bytes, headers: dict[str, str], cut: int | None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.host.lengths:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("_Handler", (Handler,), {"host": host})) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        host.url = f"http://127.0.0.1:{server.server_port}/{NAME}"
        yield host
        server.shutdown()
        thread.join()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def publication(host: Host) -> Publication:
    return dataclasses.replace(
        CATALOG["nb101"],
        url=host.url,
        file_name=NAME,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size_bytes=None,
    )


@pytest.fixture
def unverified(publication: Publication) -> Publication:
    return dataclasses.replace(publication, sha256=None, checksum_note="No checksum is published.")


class Fetcher:
    def __init__(self, folder: Path, said: list[str]) -> None:
        self.folder, self.said = folder, said
        self.target, self.part = folder / NAME, folder / f"{NAME}.part"

    def __call__(self, publication: Publication, *, tries: int = 3) -> Path:
        return download.fetch_publication(publication, self.folder, say=self.said.append, waits=[0.01] * (tries - 1))

    def listing(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def fetch(tmp_path: Path, said: list[str]) -> Fetcher:
    return Fetcher(tmp_path / "data", said)


def test_whole_file(fetch: Fetcher, publication: Publication, host: Host) -> None:
    assert fetch(publication) == fetch.target
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.listing() == {NAME}
    assert host.asked_ranges() == [None]
    assert "the checksum is the published one" in fetch.said[-1]


def test_file_has_ordinary_permissions(fetch: Fetcher, publication: Publication, tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    assert fetch(publication).stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_what_is_there_is_not_fetched_again(fetch: Fetcher, publication: Publication, host: Host) -> None:
    fetch(publication)
    fetch(publication)
    assert len(host.requests) == 1
    assert "is there already and its checksum is right" in fetch.said[-1]


def test_a_wrong_file_is_replaced(fetch: Fetcher, publication: Publication) -> None:
    files.write_bytes(fetch.target, OTHER)
    fetch(publication)
    assert fetch.target.read_bytes() == CONTENT
    assert any("it is not the published file" in line for line in fetch.said)


def test_without_a_published_checksum_the_found_one_is_told(
    fetch: Fetcher, unverified: Publication, host: Host
) -> None:
    for _ in range(2):
        fetch(unverified)
        assert "No checksum is published. Not verified" in fetch.said[-1]
        assert hashlib.sha256(CONTENT).hexdigest() in fetch.said[-1]
    assert len(host.requests) == 1


@pytest.mark.parametrize("lengths", [True, False])
def test_goes_on_after_broken_connections(fetch: Fetcher, publication: Publication, host: Host, lengths: bool) -> None:
    host.cuts = [1_000_000, 600_000] if lengths else []
    host.lengths = lengths
    fetch(publication)
    assert fetch.target.read_bytes() == CONTENT
    assert len(host.requests) == (3 if lengths else 1)
    assert [asked is not None for asked in host.asked_ranges()] == ([False, True, True] if lengths else [False])


def test_each_step_forward_earns_new_tries(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.cuts = [600_000, 600_000, 600_000, 600_000]
    fetch(publication, tries=2)
    assert fetch.target.read_bytes() == CONTENT
    assert len(host.requests) > 3


def test_gives_up_and_goes_on_next_time(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.cuts = [1_000_000, 0, 0, 0]
    with pytest.raises(NasbenchError, match=r"no lasting connection to 127\.0\.0\.1.*bytes are kept"):
        fetch(publication)
    kept = fetch.part.stat().st_size
    assert 0 < kept <= 1_000_000
    assert not fetch.target.exists()
    host.cuts = []
    fetch(publication)
    assert host.asked_ranges()[-1] == f"bytes={kept}-"
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.listing() == {NAME}


@pytest.fixture
def interrupted(fetch: Fetcher, publication: Publication, host: Host) -> Fetcher:
    """A fetch that has left a partial file."""
    host.cuts = [1_500_000]
    with pytest.raises(NasbenchError):
        fetch(publication, tries=1)
    assert fetch.part.stat().st_size > 0
    host.requests.clear()
    return fetch


def test_a_host_that_ignores_ranges(interrupted: Fetcher, publication: Publication, host: Host) -> None:
    host.ranges = False
    interrupted(publication)
    assert interrupted.target.read_bytes() == CONTENT
    assert any("starting afresh" in line for line in interrupted.said)


@pytest.mark.parametrize("if_range", [True, False])
def test_another_version_is_never_joined_on(
    interrupted: Fetcher, unverified: Publication, host: Host, if_range: bool
) -> None:
    host.content, host.etag, host.if_range = OTHER, '"two"', if_range
    interrupted(unverified)
    assert interrupted.target.read_bytes() == OTHER
    assert host.asked_ranges()[-1] is None or if_range


def test_another_length_is_never_joined_on(interrupted: Fetcher, unverified: Publication, host: Host) -> None:
    host.content = OTHER + b"more"
    interrupted(unverified)
    assert interrupted.target.read_bytes() == host.content


@pytest.mark.parametrize("shift", [-7, 7])
def test_a_range_that_starts_elsewhere(interrupted: Fetcher, publication: Publication, host: Host, shift: int) -> None:
    host.shift = shift
    interrupted(publication)
    assert interrupted.target.read_bytes() == CONTENT
    assert [asked is None for asked in host.asked_ranges()] == [False, True]


def test_a_part_longer_than_the_file(interrupted: Fetcher, publication: Publication, host: Host) -> None:
    interrupted.part.write_bytes(OTHER + OTHER)
    interrupted(publication)
    assert interrupted.target.read_bytes() == CONTENT


def test_a_complete_part_is_not_fetched_again(interrupted: Fetcher, publication: Publication, host: Host) -> None:
    interrupted.part.write_bytes(CONTENT)
    interrupted(publication)
    assert interrupted.target.read_bytes() == CONTENT
    assert host.requests == []


@pytest.mark.parametrize("note", ["", "{}", "[1]", '{"url": "http://elsewhere", "validator": null, "total": 1}'])
def test_a_part_of_unknown_origin_is_not_used(
    interrupted: Fetcher, publication: Publication, host: Host, note: str
) -> None:
    (interrupted.folder / f"{NAME}.part.json").write_text(note)
    interrupted(publication)
    assert interrupted.target.read_bytes() == CONTENT
    assert host.asked_ranges() == [None]


def test_without_etag_and_checksum_nothing_is_joined(fetch: Fetcher, unverified: Publication, host: Host) -> None:
    host.etag, host.cuts = None, [1_500_000]
    fetch(unverified)
    assert fetch.target.read_bytes() == CONTENT
    assert host.asked_ranges() == [None, None]


def test_without_etag_a_checksum_vouches(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.etag, host.cuts = None, [1_500_000]
    fetch(publication)
    assert fetch.target.read_bytes() == CONTENT
    assert host.asked_ranges()[-1] is not None


def test_wrong_content(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.content = OTHER
    files.write_bytes(fetch.target, b"earlier")
    with pytest.raises(CorruptFileError, match="is not the published") as raised:
        fetch(publication)
    assert hashlib.sha256(CONTENT).hexdigest() in str(raised.value)
    assert hashlib.sha256(OTHER).hexdigest() in str(raised.value)
    assert fetch.target.read_bytes() == b"earlier"
    assert fetch.listing() == {NAME}


def test_not_found(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.status = 404
    with pytest.raises(NasbenchError, match=r"does not exist any more.*by hand.*NASBENCH_GA_DATA"):
        fetch(publication)
    assert len(host.requests) == 1
    assert fetch.listing() == set()


def test_refused(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.status = 451
    with pytest.raises(NasbenchError, match=r"web page .'Oops'.|HTTP 451"):
        fetch(publication)
    assert fetch.listing() == set()


def test_a_busy_host_is_asked_again(fetch: Fetcher, publication: Publication, host: Host) -> None:
    host.status = 503
    with pytest.raises(NasbenchError, match="HTTP 503"):
        fetch(publication)
    assert len(host.requests) == 3


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (
            "<title>Google Drive -\n Quota exceeded</title>",
            "'Google Drive - Quota exceeded'.*downloaded too often",
        ),
        (
            "<title>Google Drive - Virus scan warning</title><form>",
            "'Google Drive - Virus.*wants a person to confirm",
        ),
        ("hello", "no title.*wants a person"),
    ],
)
def test_a_web_page_instead_of_the_file(
    fetch: Fetcher, unverified: Publication, host: Host, page: str, reason: str
) -> None:
    host.page = page
    with pytest.raises(NasbenchError, match=reason):
        fetch(unverified)
    assert fetch.listing() == set()


def test_a_web_page_leaves_what_has_come(interrupted: Fetcher, publication: Publication, host: Host) -> None:
    kept = interrupted.part.stat().st_size
    host.page = "<title>Quota exceeded</title>"
    with pytest.raises(NasbenchError, match="Quota"):
        interrupted(publication)
    assert interrupted.part.stat().st_size == kept


def test_no_such_host(fetch: Fetcher, publication: Publication) -> None:
    with pytest.raises(NasbenchError, match=r"The host nowhere\.invalid cannot be found: is this machine online"):
        fetch(dataclasses.replace(publication, url="http://nowhere.invalid/file"))
    assert not any("trying again" in line for line in fetch.said)


def test_nobody_listens(fetch: Fetcher, publication: Publication, host: Host) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(NasbenchError, match="in 3 tries"):
        fetch(dataclasses.replace(publication, url=f"http://127.0.0.1:{port}/file"))
    assert fetch.listing() == set()


def test_too_little_space(
    fetch: Fetcher, publication: Publication, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NasbenchError, match=r"needs 3,000,000 bytes more.*only 1,000 bytes free"):
        fetch(publication)
    assert fetch.listing() == set()


def test_the_disk_fills_up(
    fetch: Fetcher, publication: Publication, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bar(download.tqdm):
        def update(self, n: float | None = 1) -> None:
            if fetch.part.stat().st_size > 1_000_000:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "tqdm", Bar)
    with pytest.raises(NasbenchError, match=r"is full. Make room and run the same command"):
        fetch(publication)
    assert fetch.part.stat().st_size > 1_000_000
    monkeypatch.undo()
    fetch(publication)
    assert host.asked_ranges()[-1] is not None
    assert fetch.target.read_bytes() == CONTENT


def test_ctrl_c_keeps_what_has_come(
    fetch: Fetcher, publication: Publication, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bar(download.tqdm):
        def update(self, n: float | None = 1) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "tqdm", Bar)
    with pytest.raises(KeyboardInterrupt):
        fetch(publication)
    assert fetch.listing() == {f"{NAME}.part", f"{NAME}.part.json"}
    monkeypatch.undo()
    fetch(publication)
    assert host.asked_ranges() == [None, f"bytes={download.CHUNK}-"]
    assert fetch.target.read_bytes() == CONTENT


def test_two_at_once(fetch: Fetcher, publication: Publication, host: Host) -> None:
    fetch.folder.mkdir()
    with fetch.part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(NasbenchError, match="Another process is writing"):
            fetch(publication)
    assert fetch.part.exists()
    assert host.requests == []


def test_another_process_that_finishes_in_between(
    fetch: Fetcher, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file has been moved away after we opened it: it must not be written to any more."""

    def lock(*_: object) -> None:
        fetch.part.write_bytes(CONTENT)
        fetch.part.replace(fetch.target)

    monkeypatch.setattr(download.fcntl, "flock", lock)
    with pytest.raises(NasbenchError, match="Another process"):
        fetch(publication)
    assert fetch.target.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(fetch: Fetcher, publication: Publication) -> None:
    fetch.folder.write_text("a file")
    with pytest.raises(NasbenchError, match="Cannot write"):
        fetch(publication)


def test_packaged_table(tmp_path: Path, said: list[str]) -> None:
    file = download.fetch("analog-nas", tmp_path, say=said.append)
    assert file == CATALOG["analog-nas"].installed_file()
    assert "comes with a package that is installed" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_packaged_table_that_is_not_installed(tmp_path: Path) -> None:
    missing = dataclasses.replace(CATALOG["analog-nas"], module="no_such_module")
    with pytest.raises(NasbenchError, match="pip install analog-nasbench"):
        download.fetch_publication(missing, tmp_path)


def test_packaged_table_that_is_another_version(tmp_path: Path) -> None:
    changed = dataclasses.replace(CATALOG["analog-nas"], sha256="0" * 64)
    with pytest.raises(CorruptFileError, match=r"0{64} was expected"):
        download.fetch_publication(changed, tmp_path)


def test_unknown_table(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="nb101"):
        download.fetch("nb102", tmp_path)


def test_the_note_is_readable_json(interrupted: Fetcher, host: Host) -> None:
    note = json.loads((interrupted.folder / f"{NAME}.part.json").read_text())
    assert note == {"url": host.url, "validator": '"one"', "total": len(CONTENT)}


def test_import_brings_no_torch() -> None:
    code = "import sys, nasbench_ga.tables.download; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
