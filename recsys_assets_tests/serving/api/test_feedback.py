"""Feedback over HTTP: what was acknowledged is on disk, whatever happens next."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from recsys_assets.feedback.batches import read_batch
from recsys_assets.feedback.folders import Folders
from recsys_assets.serving.api.feedback_door import FeedbackDoor
from recsys_assets.settings import PROJECT_ROOT, Settings
from recsys_assets_tests.serving.api.conftest import Start


def event(n: int = 1, **fields: Any) -> dict[str, Any]:
    given = {"event_id": f"e{n}", "user_id": 1, "movie_id": 7, "action": "like", "timestamp": "2026-01-01T10:00:00Z"}
    return given | fields


def inbox(settings: Settings) -> Path:
    return Folders.of(settings).inbox


def lines(settings: Settings, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in inbox(settings).glob(pattern) for line in path.read_bytes().splitlines()]


def test_an_event_is_in_the_inbox_when_the_answer_comes(start: Start, settings: Settings) -> None:
    answer = start().post("/v1/feedback", json=event())
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 0)
    (kept,) = lines(settings, "*.open")
    assert kept["event_id"] == "e1"
    assert kept["received_at"]


def test_what_a_list_says_of_a_place_comes_back_with_the_event(start: Start, settings: Settings) -> None:
    client = start()
    shown = client.get("/v1/users/2/recommendations", params={"policy": "stochastic", "k": 3}).json()
    movie = shown["movies"][1]
    copied = {name: shown[name] for name in ("request_id", "policy", "model_version")}
    copied |= {name: movie[name] for name in ("movie_id", "position", "propensity")}
    assert client.post("/v1/feedback", json=event(user_id=2, **copied)).status_code == 202
    (kept,) = lines(settings, "*.open")
    assert copied.items() <= kept.items()
    assert 0 < kept["propensity"] < 1


def test_each_of_many_events_is_taken_or_rejected_by_itself(start: Start, settings: Settings) -> None:
    events = [event(1), event(1), event(2, rating=3), {"user_id": 1}, event(3, action="rating", rating=4.5)]
    answer = start().post("/v1/feedback", json={"events": events}).json()
    assert [e["outcome"] for e in answer["events"]] == ["accepted", "duplicate", "rejected", "rejected", "accepted"]
    assert "goes with action 'rating'" in answer["events"][2]["reason"]
    assert {e["event_id"] for e in lines(settings, "*.open")} == {"e1", "e3"}


def test_an_event_sent_again_counts_once(start: Start, settings: Settings) -> None:
    client = start()
    assert client.post("/v1/feedback", json=event()).json()["accepted"] == 1
    assert client.post("/v1/feedback", json=event()).json()["duplicate"] == 1
    assert len(lines(settings, "*.open")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"rating": float("nan"), "action": "rating"},
        {"propensity": 0},
        {"propensity": 1.5},
        {"movie_id": "7; DROP TABLE feedback"},
        {"user_id": True},
        {"timestamp": "2001-01-01T00:00:00Z"},
        {"text": "x" * 2_001},
        {"text": "\ud800"},
        {"propensty": 0.5},
    ],
)
def test_a_wrong_event_is_a_problem_and_leaves_nothing(start: Start, settings: Settings, wrong: dict[str, Any]) -> None:
    client = start()
    body = json.dumps(event(**wrong))
    for sent in (body, f'{{"events": [{body}]}}'):
        answer = client.post("/v1/feedback", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert lines(settings, "*") == []


def test_a_full_disk_is_a_503_and_the_event_may_come_again(
    start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(client.service.door.inbox, "append", full)
        answer = client.post("/v1/feedback", json=event())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert client.post("/v1/feedback", json=event()).json()["accepted"] == 1


def test_old_segments_are_sealed_by_the_service_itself(settings: Settings) -> None:
    door = FeedbackDoor(settings, max_seconds=0.05)
    door.take([event()])
    time.sleep(0.1)
    door.seal_if_old()
    assert len(lines(settings, "*.ndjson")) == 1
    door.take([event(2)])
    door.close()
    assert len(lines(settings, "*.ndjson")) == 2


def test_stopping_seals_what_is_open(start: Start, settings: Settings) -> None:
    client = start()
    client.post("/v1/feedback", json=event())
    batches = client.get("/v1/feedback/batches").json()
    assert (batches["open_segments"], batches["waiting"]) == (1, [])
    client.service.stop()
    (batch,) = inbox(settings).glob("*.ndjson")
    assert read_batch(batch).events["event_id"].to_list() == ["e1"]


def serve(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    env = os.environ | {
        "RECSYS_DATA_DIR": str(settings.data_dir),
        "RECSYS_MODELS_DIR": str(settings.models_dir),
        "RECSYS_DATASET": settings.dataset,
    }
    command = [sys.executable, "-m", "recsys_assets.cli", "serve", "--port", str(port), "--shadow", "0"]
    process = subprocess.Popen(command, env=env, cwd=PROJECT_ROOT, stderr=subprocess.DEVNULL)
    for _ in range(1200):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False).status_code == 200:
                return process
        except httpx.TransportError:
            assert process.poll() is None, "it ended"
        time.sleep(0.05)
    raise AssertionError("it did not become ready")


def test_an_acknowledged_event_outlives_kill_9_and_the_next_start_seals_it(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = serve(settings, port)
    try:
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/feedback", json=event(), trust_env=False)
        assert answer.status_code == 202
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [e["event_id"] for e in lines(settings, "*.open")] == ["e1"]
        process = serve(settings, port)
        assert [e["event_id"] for e in lines(settings, "*.ndjson")] == ["e1"]
        httpx.post(f"http://127.0.0.1:{port}/v1/feedback", json=event(2), trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)
        assert {e["event_id"] for e in lines(settings, "*.ndjson")} == {"e1", "e2"}
    finally:
        process.kill()
        process.wait()
