"""A publisher on loopback that does what real servers do, and what bad ones do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recsys_assets.sources import download


@dataclass
class Publisher:
    """Files by path, how the server treats requests, and what it was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    honours_range: bool = True
    honours_if_range: bool = True
    break_off_after: list[int] = field(default_factory=list)
    """Bytes of body after which each of the next responses is cut; then none is."""
    statuses: list[int] = field(default_factory=list)
    """Status of each of the next responses; then files are served."""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""
    conditions: list[str | None] = field(default_factory=list)
    """If-Range header of each request for a file that is there."""

    @property
    def ranges(self) -> list[str | None]:
        return [r for path, r in self.requests if not path.endswith(".md5")]


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            publisher.requests.append((self.path, asked))
            body = publisher.files.get(self.path)
            if publisher.statuses and not self.path.endswith(".md5"):
                return self.send_error(publisher.statuses.pop(0))
            if body is None:
                return self.send_error(404)
            etag = publisher.etags.get(self.path)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and publisher.honours_range else 0
            condition = self.headers.get("If-Range")
            publisher.conditions.append(condition)
            if publisher.honours_if_range and condition not in (None, etag):
                start = 0
            if start >= len(body) > 0:
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            if etag:
                self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            rest = body[start:]
            if publisher.break_off_after and not self.path.endswith(".md5"):
                rest = rest[: publisher.break_off_after.pop(0)]
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    publisher = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(publisher))
    publisher.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield publisher
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without the wait."""
    monkeypatch.setattr(download, "DEFAULT_POLICY", download.RetryPolicy(first_wait=0.0))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address is out of reach: the proxy is a port where nothing listens."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
