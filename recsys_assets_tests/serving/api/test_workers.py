"""Two worker processes are one service: what they take is kept, champions swap, figures and keys are of both."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from recsys_assets.feedback.folders import Folders
from recsys_assets.serving.api.keys import add_key, keys_path, revoke_key
from recsys_assets.settings import PROJECT_ROOT, Settings
from recsys_assets_tests.serving.api.test_feedback import event
from recsys_assets_tests.serving.api.world import deployment, export, fitted

CLIENTS, REQUESTS = 8, 15
LIST = "/v1/users/2/recommendations"


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return deployment(tmp_path, "item_knn")


@pytest.fixture
def address(own: Settings, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"RECSYS_DATA_DIR": str(own.data_dir), "RECSYS_MODELS_DIR": str(own.models_dir)}
    command = [sys.executable, "-m", "recsys_assets.cli", "serve", "--workers", "2", "--port", str(port), "--keys"]
    options = ["--rate-limit", "0", "--dataset", "synthetic", "--deadline", "30"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], env=env, cwd=PROJECT_ROOT, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill() if process.poll() is None else None
            process.wait()


def client_of(base: str, key: str) -> httpx.Client:
    """A connection a request, so that both workers get some."""
    return httpx.Client(
        base_url=base,
        headers={"X-API-Key": key, "Connection": "close"},
        trust_env=False,
        timeout=60,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{base}/ready", trust_env=False).status_code == 200 and log.read_text().count("started") >= 2:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-3000:])


@pytest.mark.timeout(300)
def test_two_workers_are_one_service(
    own: Settings, address: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    base, process = address
    _, key = add_key(keys_path(own), "both", ("admin",))
    wait_until_ready(base, process, tmp_path / "log")

    def ask(number: int) -> tuple[list[int], int]:
        found, accepted = [], 0
        with client_of(base, key) as client:
            for n in range(REQUESTS):
                answer = client.get(LIST)
                found.append(answer.status_code)
                sent = [event(1000 * (number + 1) + n), event(n)]  # the second comes from every client
                taken = client.post("/v1/feedback", json={"events": sent})
                found.append(taken.status_code)
                accepted += taken.json()["accepted"]
                if number == 0 and n == 5:
                    export(own.champion_dir, fitted("item_knn", favourite=8), 2)
        return found, accepted

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(ask, range(CLIENTS)))
    assert [found for found, _ in answers] == [[200, 202] * REQUESTS] * CLIENTS

    with client_of(base, key) as client:
        until = time.monotonic() + 60
        while {client.get(LIST).json()["model_version"] for _ in range(12)} != {"item_knn/2"}:
            assert time.monotonic() < until, "both workers take the new champion"
        route = f'recsys_requests_total{{method="POST",route="/v1/feedback",status="202"}} {CLIENTS * REQUESTS}.0'
        pages = [client.get("/metrics").text for _ in range(6)]
        assert all(route in page for page in pages), "whoever answers tells the figures of both"
        assert 'recsys_champion_info{data_version="d2",model="item_knn",version="2"} 1.0' in pages[-1]
        assert 'recsys_champion_info{data_version="d1",model="item_knn",version="1"} 0.0' in pages[-1]
        revoke_key(keys_path(own), "both")
        time.sleep(1.2)
        assert {client.get(LIST).status_code for _ in range(12)} == {401}

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    folder = Folders.of(own).inbox
    kept = [json.loads(line)["event_id"] for path in folder.glob("*.ndjson") for line in path.read_bytes().splitlines()]
    assert list(folder.glob("*.open")) == [], "both sealed what they had"
    assert len(list(folder.glob("*.ndjson"))) >= 2, "each has a segment of its own"
    own_events = {f"e{1000 * (client + 1) + n}" for client in range(CLIENTS) for n in range(REQUESTS)}
    assert set(kept) == own_events | {f"e{n}" for n in range(REQUESTS)}
    assert len(kept) == sum(accepted for _, accepted in answers), "what was taken is there once, whole lines only"
