"""Downloads from a host on this machine that can behave as badly as real ones do."""

import dataclasses
import errno
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga import downloads, files
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.published import PublishedFile
from tests.support.host import CONTENT, NAME, Handler, Host

OTHER = np.random.default_rng(1).bytes(3_000_000)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def wanted(host: Host) -> PublishedFile:
    return PublishedFile(
        title="A table",
        file_name=NAME,
        url=host.url,
        checksum=f"sha256:{hashlib.sha256(CONTENT).hexdigest()}",
        checksum_note="SHA-256 published on the homepage.",
        homepage="https://example.org",
    )


@pytest.fixture
def unverified(wanted: PublishedFile) -> PublishedFile:
    return dataclasses.replace(wanted, checksum=None, checksum_note="No checksum is published.")


class Fetcher:
    def __init__(self, folder: Path, said: list[str]) -> None:
        self.folder, self.said = folder, said
        self.target, self.part = folder / NAME, folder / f"{NAME}.part"

    def __call__(self, wanted: PublishedFile, *, tries: int = 3) -> Path:
        return downloads.fetch(wanted, self.folder, say=self.said.append, waits=[0.01] * (tries - 1))

    def listing(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def fetch(tmp_path: Path, said: list[str]) -> Fetcher:
    return Fetcher(tmp_path / "data", said)


def test_whole_file(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    assert fetch(wanted) == fetch.target
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.listing() == {NAME}
    assert host.asked_ranges() == [None]
    assert "the checksum is the published one" in fetch.said[-1]


def test_file_has_ordinary_permissions(fetch: Fetcher, wanted: PublishedFile, tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    assert fetch(wanted).stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_what_is_there_is_not_fetched_again(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    fetch(wanted)
    fetch(wanted)
    assert len(host.requests) == 1
    assert "is there already and its checksum is right" in fetch.said[-1]


def test_a_wrong_file_is_replaced(fetch: Fetcher, wanted: PublishedFile) -> None:
    files.write_bytes(fetch.target, OTHER)
    fetch(wanted)
    assert fetch.target.read_bytes() == CONTENT
    assert any("it is not the published file" in line for line in fetch.said)


def test_without_a_published_checksum_the_found_one_is_told(
    fetch: Fetcher, unverified: PublishedFile, host: Host
) -> None:
    for _ in range(2):
        fetch(unverified)
        assert "No checksum is published. Not verified" in fetch.said[-1]
        assert hashlib.sha256(CONTENT).hexdigest() in fetch.said[-1]
    assert len(host.requests) == 1


@pytest.mark.parametrize("lengths", [True, False])
def test_goes_on_after_broken_connections(fetch: Fetcher, wanted: PublishedFile, host: Host, lengths: bool) -> None:
    host.cuts = [1_000_000, 600_000] if lengths else []
    host.lengths = lengths
    fetch(wanted)
    assert fetch.target.read_bytes() == CONTENT
    assert len(host.requests) == (3 if lengths else 1)
    assert [asked is not None for asked in host.asked_ranges()] == ([False, True, True] if lengths else [False])


def test_each_step_forward_earns_new_tries(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.cuts = [600_000, 600_000, 600_000, 600_000]
    fetch(wanted, tries=2)
    assert fetch.target.read_bytes() == CONTENT
    assert len(host.requests) > 3


def test_gives_up_and_goes_on_next_time(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.cuts = [1_000_000, 0, 0, 0]
    with pytest.raises(NasbenchError, match=r"no lasting connection to 127\.0\.0\.1.*bytes are kept"):
        fetch(wanted)
    kept = fetch.part.stat().st_size
    assert 0 < kept <= 1_000_000
    assert not fetch.target.exists()
    host.cuts = []
    fetch(wanted)
    assert host.asked_ranges()[-1] == f"bytes={kept}-"
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.listing() == {NAME}


@pytest.fixture
def interrupted(fetch: Fetcher, wanted: PublishedFile, host: Host) -> Fetcher:
    """A fetch that has left a partial file."""
    host.cuts = [1_500_000]
    with pytest.raises(NasbenchError):
        fetch(wanted, tries=1)
    assert fetch.part.stat().st_size > 0
    host.requests.clear()
    return fetch


def test_a_host_that_ignores_ranges(interrupted: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.ranges = False
    interrupted(wanted)
    assert interrupted.target.read_bytes() == CONTENT
    assert any("starting afresh" in line for line in interrupted.said)


@pytest.mark.parametrize("if_range", [True, False])
def test_another_version_is_never_joined_on(
    interrupted: Fetcher, unverified: PublishedFile, host: Host, if_range: bool
) -> None:
    host.content, host.etag, host.if_range = OTHER, '"two"', if_range
    interrupted(unverified)
    assert interrupted.target.read_bytes() == OTHER
    assert host.asked_ranges()[-1] is None or if_range


def test_another_length_is_never_joined_on(interrupted: Fetcher, unverified: PublishedFile, host: Host) -> None:
    host.content = OTHER + b"more"
    interrupted(unverified)
    assert interrupted.target.read_bytes() == host.content


@pytest.mark.parametrize("shift", [-7, 7])
def test_a_range_that_starts_elsewhere(interrupted: Fetcher, wanted: PublishedFile, host: Host, shift: int) -> None:
    host.shift = shift
    interrupted(wanted)
    assert interrupted.target.read_bytes() == CONTENT
    assert [asked is None for asked in host.asked_ranges()] == [False, True]


def test_a_part_longer_than_the_file(interrupted: Fetcher, wanted: PublishedFile, host: Host) -> None:
    interrupted.part.write_bytes(OTHER + OTHER)
    interrupted(wanted)
    assert interrupted.target.read_bytes() == CONTENT


def test_a_complete_part_is_not_fetched_again(interrupted: Fetcher, wanted: PublishedFile, host: Host) -> None:
    interrupted.part.write_bytes(CONTENT)
    interrupted(wanted)
    assert interrupted.target.read_bytes() == CONTENT
    assert host.requests == []


@pytest.mark.parametrize("note", ["", "{}", "[1]", '{"url": "http://elsewhere", "validator": null, "total": 1}'])
def test_a_part_of_unknown_origin_is_not_used(
    interrupted: Fetcher, wanted: PublishedFile, host: Host, note: str
) -> None:
    (interrupted.folder / f"{NAME}.part.json").write_text(note)
    interrupted(wanted)
    assert interrupted.target.read_bytes() == CONTENT
    assert host.asked_ranges() == [None]


def test_without_etag_and_checksum_nothing_is_joined(fetch: Fetcher, unverified: PublishedFile, host: Host) -> None:
    host.etag, host.cuts = None, [1_500_000]
    fetch(unverified)
    assert fetch.target.read_bytes() == CONTENT
    assert host.asked_ranges() == [None, None]


def test_without_etag_a_checksum_vouches(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.etag, host.cuts = None, [1_500_000]
    fetch(wanted)
    assert fetch.target.read_bytes() == CONTENT
    assert host.asked_ranges()[-1] is not None


def test_wrong_content(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.content = OTHER
    files.write_bytes(fetch.target, b"earlier")
    with pytest.raises(CorruptFileError, match="is not the published") as raised:
        fetch(wanted)
    assert hashlib.sha256(CONTENT).hexdigest() in str(raised.value)
    assert hashlib.sha256(OTHER).hexdigest() in str(raised.value)
    assert fetch.target.read_bytes() == b"earlier"
    assert fetch.listing() == {NAME}


def test_not_found(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.status = 404
    with pytest.raises(NasbenchError, match=r"does not exist any more.*by hand.*NASBENCH_GA_DATA"):
        fetch(wanted)
    assert len(host.requests) == 1
    assert fetch.listing() == set()


def test_refused(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.status = 451
    with pytest.raises(NasbenchError, match=r"web page .'Oops'.|HTTP 451"):
        fetch(wanted)
    assert fetch.listing() == set()


def test_a_busy_host_is_asked_again(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    host.status = 503
    with pytest.raises(NasbenchError, match="HTTP 503"):
        fetch(wanted)
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
    fetch: Fetcher, unverified: PublishedFile, host: Host, page: str, reason: str
) -> None:
    host.page = page
    with pytest.raises(NasbenchError, match=reason):
        fetch(unverified)
    assert fetch.listing() == set()


def test_a_web_page_leaves_what_has_come(interrupted: Fetcher, wanted: PublishedFile, host: Host) -> None:
    kept = interrupted.part.stat().st_size
    host.page = "<title>Quota exceeded</title>"
    with pytest.raises(NasbenchError, match="Quota"):
        interrupted(wanted)
    assert interrupted.part.stat().st_size == kept


def test_no_such_host(fetch: Fetcher, wanted: PublishedFile) -> None:
    with pytest.raises(NasbenchError, match=r"The host nowhere\.invalid cannot be found: is this machine online"):
        fetch(dataclasses.replace(wanted, url="http://nowhere.invalid/file"))
    assert not any("trying again" in line for line in fetch.said)


def test_nobody_listens(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(NasbenchError, match="in 3 tries"):
        fetch(dataclasses.replace(wanted, url=f"http://127.0.0.1:{port}/file"))
    assert fetch.listing() == set()


def test_too_little_space(fetch: Fetcher, wanted: PublishedFile, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NasbenchError, match=r"needs 3,000,000 bytes more.*only 1,000 bytes free"):
        fetch(wanted)
    assert fetch.listing() == set()


def test_the_disk_fills_up(fetch: Fetcher, wanted: PublishedFile, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bar(downloads.tqdm):
        def update(self, n: float | None = 1) -> None:
            if fetch.part.stat().st_size > 1_000_000:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "tqdm", Bar)
    with pytest.raises(NasbenchError, match=r"is full. Make room and run the same command"):
        fetch(wanted)
    assert fetch.part.stat().st_size > 1_000_000
    monkeypatch.undo()
    fetch(wanted)
    assert host.asked_ranges()[-1] is not None
    assert fetch.target.read_bytes() == CONTENT


def test_ctrl_c_keeps_what_has_come(
    fetch: Fetcher, wanted: PublishedFile, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bar(downloads.tqdm):
        def update(self, n: float | None = 1) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(downloads, "tqdm", Bar)
    with pytest.raises(KeyboardInterrupt):
        fetch(wanted)
    assert fetch.listing() == {f"{NAME}.part", f"{NAME}.part.json"}
    monkeypatch.undo()
    fetch(wanted)
    assert host.asked_ranges() == [None, f"bytes={downloads.CHUNK}-"]
    assert fetch.target.read_bytes() == CONTENT


def test_two_at_once(fetch: Fetcher, wanted: PublishedFile, host: Host) -> None:
    fetch.folder.mkdir()
    with fetch.part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(NasbenchError, match="Another process is writing"):
            fetch(wanted)
    assert fetch.part.exists()
    assert host.requests == []


def test_another_process_that_finishes_in_between(
    fetch: Fetcher, wanted: PublishedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file has been moved away after we opened it: it must not be written to any more."""

    def lock(*_: object) -> None:
        fetch.part.write_bytes(CONTENT)
        fetch.part.replace(fetch.target)

    monkeypatch.setattr(downloads.fcntl, "flock", lock)
    with pytest.raises(NasbenchError, match="Another process"):
        fetch(wanted)
    assert fetch.target.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(fetch: Fetcher, wanted: PublishedFile) -> None:
    fetch.folder.write_text("a file")
    with pytest.raises(NasbenchError, match="Cannot write"):
        fetch(wanted)


def test_the_note_is_readable_json(interrupted: Fetcher, host: Host) -> None:
    note = json.loads((interrupted.folder / f"{NAME}.part.json").read_text())
    assert note == {"url": host.url, "validator": '"one"', "total": len(CONTENT)}


def test_import_brings_no_torch() -> None:
    code = "import sys, nasbench_ga.downloads; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
