"""Lists over HTTP: what is shown, by whom, with which chance, and why."""

from __future__ import annotations

from typing import Any

import pytest

from recsys_assets_tests.serving.api.running import Client
from recsys_assets_tests.serving.api.world import COMEDY, MOVIES, ratings


def movies_of(answer: Any) -> list[int]:
    return [movie["movie_id"] for movie in answer.json()["movies"]]


def seen_by(user: int) -> set[int]:
    return set(ratings().filter(ratings()["user_id"] == user)["movie_id"])


def test_a_list_says_who_made_it_of_what_and_why(client: Client) -> None:
    answer = client.get("/v1/users/2/recommendations", params={"k": 3})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["model"], found["model_version"], found["data_version"]) == ("item_knn", "item_knn/1", "d1")
    assert (found["policy"], found["fallback"], found["user_id"]) == ("greedy", None, 2)
    assert found["request_id"] == answer.headers["X-Request-ID"]
    assert [movie["position"] for movie in found["movies"]] == [0, 1, 2]
    assert [movie["propensity"] for movie in found["movies"]] == [1, 1, 1]
    for movie in found["movies"]:
        told = sum(reason["contribution"] for reason in movie["reasons"])
        assert told == pytest.approx(movie["score"], rel=1e-4)


def test_seen_movies_are_shown_only_when_asked_for(client: Client) -> None:
    unseen = movies_of(client.get("/v1/users/2/recommendations", params={"k": 100}))
    assert set(unseen) == set(range(1, MOVIES + 1)) - seen_by(2)
    everything = movies_of(client.get("/v1/users/2/recommendations", params={"k": 100, "include_seen": True}))
    assert set(everything) == set(range(1, MOVIES + 1))


def test_filters_leave_only_what_was_asked_for(client: Client) -> None:
    asked = {"k": 100, "genres": ["comedy"], "year_from": 1985, "year_to": 1995, "exclude": [12, 14], "explain": False}
    found = client.get("/v1/users/1/recommendations", params=asked).json()["movies"]
    assert found
    assert all(movie["genres"] == [COMEDY] and 1985 <= movie["year"] <= 1995 for movie in found)
    assert not {12, 14} & {movie["movie_id"] for movie in found}
    assert all(movie["reasons"] == [] for movie in found)
