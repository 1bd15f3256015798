"""Clients that take too long to say what they want are hung up on; those who were answered are not."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from recsys_assets.serving.api.middleware import MOST_AT_ONCE, Around
from recsys_assets.serving.api.patience import HEADER_BYTES, ImpatientProtocol
from recsys_assets.serving.api.serve import OPEN_FILES, allow_files
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def connected(client: Client) -> Iterator[socket.socket]:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=30) as raw:
        yield raw


def heard(raw: socket.socket) -> bytes:
    """All until the server hangs up."""
    found = b""
    try:
        while piece := raw.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def slowed(client: Client) -> threading.Event:
    """The default champion takes 2 s from now on; set when it has begun."""
    model: Any = client.service.champions.default.recommender
    score, begun = model._score, threading.Event()

    def slowly(*args: Any) -> Any:
        begun.set()
        time.sleep(2.0)
        return score(*args)

    model._score = slowly
    return begun


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, start: Start) -> Client:
    """Headers have 1.5 s, which a busy machine keeps; a model has longer."""
    monkeypatch.setattr(ImpatientProtocol, "header_seconds", 1.5)
    return start(deadline_seconds=20)


def test_headers_that_dribble_are_not_waited_for(hasty: Client) -> None:
    with connected(hasty) as raw:
        raw.sendall(GET)
        ended = threading.Event()

        def dribble() -> None:
            while not ended.wait(0.1):
                try:
                    raw.sendall(b"X-A: b\r\n")
                except OSError:
                    return

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        try:
            assert heard(raw).startswith(b"HTTP/1.1 408 ")
        finally:
            ended.set()
            dribbling.join()


def test_who_says_nothing_is_hung_up_on(hasty: Client) -> None:
    with connected(hasty) as raw:
        assert heard(raw).startswith(b"HTTP/1.1 408 ")


def test_connections_that_only_wait_take_no_room_from_those_that_ask(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "most_connections", 5)
    with ExitStack() as stack:
        kept = stack.enter_context(connected(client))
        kept.sendall(GET + b"\r\n")
        assert b"200 OK" in kept.recv(65536)
        idle = [stack.enter_context(connected(client)) for _ in range(8)]
        assert heard(idle[0]) == b"", "who waited longest had to leave"
        asking = stack.enter_context(connected(client))
        asking.sendall(GET + b"Connection: close\r\n\r\n")
        assert b"200 OK" in heard(asking)
        idle[-1].sendall(GET + b"Connection: close\r\n\r\n")
        assert b"200 OK" in heard(idle[-1]), "who came last is still there"


def test_a_request_that_is_being_answered_keeps_its_room(hasty: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientProtocol, "most_connections", 2)
    slow = slowed(hasty)
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(hasty.get, "/v1/users/2/recommendations", params={"explain": False})
        assert slow.wait(timeout=20)
        for _ in range(6):
            stack.enter_context(connected(hasty))
        assert answer.result().status_code == 200


def test_headers_without_end_are_not_taken(client: Client) -> None:
    with connected(client) as raw:
        raw.sendall(GET)
        try:
            for _ in range(2 * HEADER_BYTES // 1000):
                raw.sendall(b"X-A: " + b"b" * 993 + b"\r\n")
        except OSError:
            pass
        assert b"431" in heard(raw)[:40]


def test_a_connection_that_was_answered_may_wait_and_ask_again(hasty: Client) -> None:
    with connected(hasty) as raw:
        for _ in range(2):
            raw.sendall(GET[:20])
            raw.sendall(GET[20:] + b"\r\n")
            answer = b""
            while b'"ok"' not in answer:
                answer += raw.recv(65536) or b"hung up"
                assert b"hung up" not in answer
            time.sleep(2.0)
        raw.sendall(GET)
        assert heard(raw).startswith(b"HTTP/1.1 408 "), "its next request has the same time"


def test_a_slow_answer_is_waited_for(hasty: Client) -> None:
    slowed(hasty)
    answer = hasty.get("/v1/users/2/recommendations", params={"explain": False})
    assert (answer.status_code, answer.json()["fallback"]) == (200, None)


def test_who_comes_when_too_many_are_answered_is_told_so_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Around, "most_at_once", 1)
    client = start(deadline_seconds=20)
    begun = slowed(client)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.get, "/v1/users/2/recommendations", params={"explain": False})
        assert begun.wait(30)
        refused = httpx.get(client.base_url.join("/health"), trust_env=False)
        assert slow.result().status_code == 200
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert (refused.headers["retry-after"], refused.headers["connection"]) == ("1", "close")
    assert refused.json()["type"] == "/problems/service-unavailable"
    assert client.get("/health").status_code == 200


def test_more_files_may_be_open_than_connections_take() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (500, hard))
        allow_files(600)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (600, hard)
        allow_files(550)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (600, hard), "never fewer than before"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert OPEN_FILES > MOST_AT_ONCE
