"""For those who run it: figures, logs without personal data, shadow scoring, and what is loaded."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recsys_assets.serving.api.cache import ByteCache
from recsys_assets.serving.api.logs import JsonLines
from recsys_assets.serving.shadow import shadow_report
from recsys_assets.settings import PROJECT_ROOT, Settings, load_settings
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.world import deploy, export, fitted

HEAVY = ("torch", "mlflow", "duckdb", "dagster", "sklearn", "matplotlib", "pandas", "numba", "gymnasium", "plotly")
PERSON = 987654321


def test_figures_count_routes_and_name_nobody(start: Start) -> None:
    client = start()
    for _ in range(3):
        client.get(f"/v1/users/{PERSON}/recommendations")
    client.get(f"/v1/none/{PERSON}")
    page = client.get("/metrics").text
    route = 'route="/v1/users/{user_id}/recommendations"'
    assert f'recsys_requests_total{{method="GET",{route},status="200"}} 3.0' in page
    assert 'recsys_requests_total{method="any",route="unmatched",status="404"} 1.0' in page
    assert 'recsys_champion_info{data_version="d1",model="item_knn",version="1"} 1.0' in page
    assert 'recsys_scoring_seconds_count{model="item_knn"} 3.0' in page
    assert str(PERSON) not in page
    assert "process_resident_memory_bytes" in page


def test_logs_are_json_and_hold_nothing_personal(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = start()
    client.get(f"/v1/users/{PERSON}/recommendations", params={"exclude": PERSON}, headers={"X-API-Key": "s3cret"})
    client.get("/v1/movies", params={"query": "a private wish"})
    client.get("/health")
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name.startswith("recsys")]
    asked = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in asked] == ["/v1/users/{user_id}/recommendations", "/v1/movies"]
    assert (asked[0]["status"], asked[0]["model"], asked[0]["fallback"]) == (200, "item_knn/1", "cold_user")
    written = json.dumps(lines)
    for private in (str(PERSON), "s3cret", "private", "127.0.0.1"):
        assert private not in written


def test_a_challenger_is_asked_what_people_ask_and_they_do_not_see_it(start: Start, settings: Settings) -> None:
    own = load_settings(data_dir=settings.data_dir, models_dir=settings.data_dir / "models", dataset="synthetic")
    deploy(own, "popularity", default="popularity")
    export(own.challenger_dir, fitted("popularity", favourite=8), 2)
    client = start(own, shadow_share=1.0)
    asked = client.get("/v1/users/2/recommendations", params={"k": 3})
    client.post("/v1/recommendations", json={"likes": [2, 4], "k": 3})
    assert asked.json()["model_version"] == "popularity/1"
    assert client.get("/v1/models").json()["champions"][0]["challenger"] == 2
    until = time.monotonic() + 20
    while (report := shadow_report(own)).is_empty() or report["requests"][0] < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    (row,) = report.to_dicts()
    assert (row["champion"], row["challenger"], row["failed"]) == (1, 2, 0)
    log = (own.data_dir / "shadow" / "synthetic" / "popularity.ndjson").read_text()
    assert asked.json()["request_id"] in log


PROGRAM = """
import asyncio, sys, json
from recsys_assets.serving.api.app import create_app
from recsys_assets.serving.api import answering
from recsys_assets.serving.api.asks import Person, Wish
from recsys_assets.settings import load_settings
service = create_app(load_settings()).state.service
service.start()
answer = asyncio.run(answering.recommend(service, Person(2), Wish(3), model=None, request_id="a" * 32))
event = {"event_id": "e", "user_id": 1, "movie_id": 1, "action": "like", "timestamp": "2026-01-01T00:00:00Z"}
service.door.take([event])
service.metrics.page()
service.stop()
print(json.dumps([answer.served.name, [m for m in sys.argv[1:] if m in sys.modules]]))
"""


def test_serving_loads_no_library_that_its_champion_does_not_need(settings: Settings, tmp_path: Path) -> None:
    env = os.environ | {"RECSYS_DATA_DIR": str(settings.data_dir), "RECSYS_MODELS_DIR": str(settings.models_dir)}
    env |= {"RECSYS_DATASET": settings.dataset}
    command = [sys.executable, "-c", PROGRAM, *HEAVY]
    done = subprocess.run(command, env=env, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    name, loaded = json.loads(done.stdout)
    assert name == "item_knn/1"
    assert loaded == []


def test_a_cache_forgets_what_was_used_longest_ago_and_keeps_to_its_bytes() -> None:
    cache: ByteCache[str, bytes] = ByteCache(10, size=len)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a")
    cache.put("c", b"1234")
    assert (cache.get("b"), cache.get("a"), cache.get("c")) == (None, b"1234", b"1234")
    assert cache.used == 8
    cache.put("d", b"x" * 11)
    assert cache.get("d") is None
    cache.put("a", b"12")
    assert cache.used == 6


def test_scores_of_users_are_kept_for_as_long_as_their_champion(start: Start) -> None:
    client = start()
    first = client.get("/v1/users/2/recommendations").json()["movies"]
    assert len(client.service.champions.default.scores) == 1
    assert client.get("/v1/users/2/recommendations").json()["movies"] == first
    assert client.service.champions.default.scores.hits == 1
    client.get("/v1/users/31337/recommendations")
    assert len(client.service.champions.default.scores) == 1, "strangers share the weighted rating"
