"""The client against a running API: every route it knows, and what it says where something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recsys_assets.feedback.batches import read_batch
from recsys_assets.feedback.folders import Folders
from recsys_assets.serving.api.schemas.requests import RankIn, RatingIn, RecommendIn
from recsys_assets.serving.client import ApiDownError, ApiError, Client, event_of
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.serving.api.running import running
from recsys_assets_tests.serving.api.world import deployment


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return deployment(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def api(deployed: Settings) -> Iterator[Client]:
    with running(deployed) as server, Client(str(server.base_url)) as client:
        yield client


def test_every_route_is_read_as_what_it_answers(api: Client) -> None:
    listed = api.recommend(RecommendIn(user_id=2, k=5))
    assert [m.position for m in listed.movies] == list(range(5))
    assert api.ready().status == "ready"
    assert api.models().default == "item_knn"
    assert api.search("amelie").movies[0].title.startswith("Amélie")
    assert api.popular(3, genres=["Comedy"]).movies[0].genres == ["Comedy"]
    assert len(api.similar(2, 4, model="item_knn").movies) == 4
    assert api.users(limit=3).total == 40
    assert api.history(2, 5).user_id == 2
    assert api.profile(2).n_ratings > 0
    ranked = api.rank(RankIn(user_id=2, movies=[1, 2, 3]))
    assert {m.movie_id for m in ranked.movies} == {1, 2, 3}


def test_ratings_of_a_newcomer_decide_their_list(api: Client) -> None:
    def first(loved: int) -> list[str]:
        rated = [RatingIn(movie_id=m, rating=5 if m % 2 == loved else 1) for m in range(3, 12)]
        return api.recommend(RecommendIn(ratings=rated, k=3, model="biased_mf", exclude=[1])).movies[0].genres

    assert first(1) == ["Drama"]
    assert first(0) == ["Comedy"]


def test_feedback_is_in_the_inbox_with_all_that_is_known_of_the_list(tmp_path: Path, deployed: Settings) -> None:
    own = load_settings(data_dir=tmp_path, models_dir=deployed.models_dir, dataset="synthetic")
    with running(own) as server, Client(str(server.base_url)) as api:
        listed = api.recommend(RecommendIn(user_id=2, k=3, policy="stochastic"))
        event = event_of(listed, listed.movies[1], user_id=2, action="like", text="fine", session_id="s")
        assert api.send([event]).accepted == 1
        assert api.send([event]).duplicate == 1
    (batch,) = Folders.of(own).inbox.glob("*.ndjson")
    (row,) = read_batch(batch).events.to_dicts()
    assert row["request_id"] == listed.request_id
    assert row["propensity"] == pytest.approx(listed.movies[1].propensity)
    assert (row["position"], row["policy"], row["model_version"]) == (1, "stochastic", "item_knn/1")


def test_what_the_api_refuses_is_told_in_its_words(api: Client) -> None:
    with pytest.raises(ApiError, match="no movie has id 999") as refused:
        api.similar(999, 3)
    assert refused.value.status == 404


def test_an_api_that_is_not_there_is_told_apart() -> None:
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(ApiDownError, match="no API answers"):
        nobody.ready()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status": "fine"}'])
def test_another_service_at_the_address_is_an_error_and_no_traceback(body: bytes) -> None:
    with Client("http://elsewhere") as api:
        api._http = httpx.Client(
            base_url="http://elsewhere", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=body))
        )
        with pytest.raises(ApiError, match="something else than this client knows"):
            api.ready()
        api._http = httpx.Client(
            base_url="http://elsewhere", transport=httpx.MockTransport(lambda _: httpx.Response(502, content=body))
        )
        with pytest.raises(ApiError, match="HTTP 502"):
            api.ready()
