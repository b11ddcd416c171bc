"""A file host on this machine that can behave as badly as real ones do."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(3_000_000)
NAME = "table.tfrecord"


@dataclasses.dataclass
class Host:
    """A small file host, and how it misbehaves.

    Attributes:
        content: what it serves.
        others: what it serves instead at some paths.
        etag: how it names this version of it; None for a host without ETags.
        cuts: for each coming request, after how many bytes to drop the connection (None: not at all).
        status: what it answers instead of the file, where it is not 200.
        page: the web page that it gives instead of the file.
        ranges: whether it honours a Range; `if_range`: whether it minds If-Range.
        shift: by how many bytes its ranges are off.
        lengths: whether it says how much is coming.
        requests: the headers of every request that came.
        url: where it serves `content`.
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
    others: dict[str, bytes] = dataclasses.field(default_factory=dict)
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
        start, content = self._start(), host.others.get(self.path, host.content)
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        if host.etag:
            headers["ETag"] = host.etag
        if start is None:
            self._answer(200, content, headers, cut)
        elif start >= len(content):
            self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(content)}"}, cut)
        else:
            start += host.shift
            whole = len(content)
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            self._answer(206, content[start:], headers, cut)

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


@contextlib.contextmanager
def serving() -> Iterator[Host]:
    """A host that answers while the block runs."""
    host = Host()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("_Handler", (Handler,), {"host": host})) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        host.url = f"http://127.0.0.1:{server.server_port}/{NAME}"
        yield host
        server.shutdown()
        thread.join()
