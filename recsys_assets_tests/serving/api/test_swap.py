"""A new champion takes over without a failed request, and a bad one does not take over at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import pytest

from recsys_assets.registry.export import write_default
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client
from recsys_assets_tests.serving.api.world import deploy, export, fitted

SECONDS = 30
FAVOURITES = {1: 3, 2: 8, 3: 5, 4: 10}
"""Version -> the movie that everybody rated 5, which is what somebody unknown is shown first."""


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def first_of(client: httpx.Client) -> tuple[str, int]:
    answer = client.get("/v1/users/999999/recommendations", params={"k": 1, "explain": False})
    answer.raise_for_status()
    found = answer.json()
    return found["model_version"], found["movies"][0]["movie_id"]


@pytest.fixture
def own(settings: Settings) -> Settings:
    """A deployment whose champions a test may change."""
    return load_settings(data_dir=settings.data_dir, models_dir=settings.data_dir / "models", dataset="synthetic")


def test_champions_swap_under_load_and_no_request_fails_or_mixes_two(own: Settings, start: Start) -> None:
    models = {version: fitted("popularity", favourite=movie) for version, movie in FAVOURITES.items()}
    export(own.champion_dir, models[1], 1)
    client = start(own, poll_seconds=0.02)
    answers: list[tuple[str, int]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=client.base_url, timeout=30, trust_env=False) as mine:
            while not done.is_set():
                try:
                    answers.append(first_of(mine))
                except Exception as error:
                    failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for version in FAVOURITES:
        if version > 1:
            export(own.champion_dir, models[version], version)
        until(lambda version=version: answers[-1:] == [(f"popularity/{version}", FAVOURITES[version])])  # type: ignore[misc]
    done.set()
    for asker in askers:
        asker.join()
    assert failures == []
    assert set(answers) == {(f"popularity/{v}", movie) for v, movie in FAVOURITES.items()}


def test_a_damaged_export_is_refused_and_told_of_and_the_next_good_one_is_taken(own: Settings, start: Start) -> None:
    deploy(own, "popularity", default="popularity")
    client = start(own, poll_seconds=0.02)
    damaged = export(own.champion_dir / "aside", fitted("popularity", favourite=8), 2)
    arrays = damaged / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-20])
    damaged.rename(own.champion_dir / ".versions" / "popularity" / "2")
    from recsys_assets.atomic import point_to

    point_to(own.champion_dir / "popularity", own.champion_dir / ".versions" / "popularity" / "2")
    until(lambda: bool(client.service.champions.refused()))
    ready = client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["model_version"] == "popularity/1"
    assert "checksum" in ready.json()["refused"]["popularity/2"]
    export(own.champion_dir, fitted("popularity", favourite=5), 3)
    until(lambda: first_of(client) == ("popularity/3", 5))


def test_another_default_answers_once_it_is_named(own: Settings, start: Start) -> None:
    deploy(own, "popularity", "biased_mf", default="popularity")
    client = start(own, poll_seconds=0.02)
    assert first_of(client)[0] == "popularity/1"
    write_default(own, "biased_mf", "better")
    until(lambda: first_of(client)[0] == "biased_mf/1")
    models = client.get("/v1/models").json()
    assert (models["default"], models["why_default"]) == ("biased_mf", "better")


def test_without_a_champion_the_service_says_so_until_there_is_one(own: Settings, start: Start) -> None:
    client = start(own, poll_seconds=0.02)
    answer = client.get("/v1/users/1/recommendations")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "recsys materialize" in answer.json()["detail"]
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200
    deploy(own, "popularity", default="popularity")
    until(lambda: client.get("/ready").status_code == 200)
    assert first_of(client)[0] == "popularity/1"


def test_a_default_that_cannot_be_loaded_leaves_another_to_answer(own: Settings, start: Start) -> None:
    deploy(own, "popularity", "biased_mf", default="biased_mf")
    (own.champion_dir / "biased_mf" / "catalogue.parquet").write_bytes(b"no parquet")
    client: Client = start(own)
    assert first_of(client)[0] == "popularity/1"
    assert "biased_mf/1" in client.get("/ready").json()["refused"]


def test_champions_in_memory_are_bounded_and_the_default_stays(own: Settings, start: Start) -> None:
    deploy(own, "popularity", "biased_mf", "baseline", "content", default="popularity")
    client = start(own, max_models=2)
    for model in ("biased_mf", "baseline", "content"):
        assert client.get("/v1/users/1/recommendations", params={"model": model}).json()["model"] == model
    assert set(client.service.champions.in_memory()) == {"popularity", "content"}
