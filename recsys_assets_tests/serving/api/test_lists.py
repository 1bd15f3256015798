"""Lists over HTTP: what is shown, by whom, with which chance, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import RatingPredictor
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client
from recsys_assets_tests.serving.api.world import COMEDY, MOVIES, USERS, ratings


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


def test_a_profile_is_folded_in_as_the_model_does_it(client: Client) -> None:
    model = client.service.champions.default.recommender
    frame = pl.DataFrame({"movie_id": [2, 4, 5], "rating": [5.0, 4.5, 1.0]})
    expected = model.fold_in(frame, 5).movies[0].tolist()
    body = {"likes": [2], "ratings": [{"movie_id": 4, "rating": 4.5}, {"movie_id": 5, "rating": 1.0}], "k": 5}
    assert movies_of(client.post("/v1/recommendations", json=body)) == expected


def test_what_a_user_does_in_a_session_changes_the_next_list_and_is_not_shown_again(client: Client) -> None:
    before = movies_of(client.post("/v1/recommendations", json={"user_id": 2, "k": 5}))
    assert before == movies_of(client.get("/v1/users/2/recommendations", params={"k": 5}))
    session = [{"movie_id": before[0], "action": "skip"}, {"movie_id": before[1], "action": "ignore"}]
    after = movies_of(client.post("/v1/recommendations", json={"user_id": 2, "k": 100, "session": session}))
    assert not {before[0], before[1]} & set(after)
    assert not seen_by(2) & set(after)


def test_alpha_goes_from_the_model_to_content_and_reasons_still_add_up(client: Client) -> None:
    def listed(**asked: object) -> list[int]:
        return movies_of(client.get("/v1/users/2/recommendations", params={"k": 6, "model": "biased_mf", **asked}))

    assert listed(alpha=0) == listed()
    by_content = client.get("/v1/users/2/recommendations", params={"k": 6, "model": "content"})
    assert listed(alpha=1) == movies_of(by_content)
    for alpha in (0.3, 1):
        asked = {"k": 6, "model": "biased_mf", "alpha": alpha}
        for movie in client.get("/v1/users/2/recommendations", params=asked).json()["movies"]:
            told = sum(reason["contribution"] for reason in movie["reasons"])
            assert told == pytest.approx(movie["score"], abs=1e-3)


def test_given_movies_are_ranked_as_the_model_scores_them(client: Client) -> None:
    model = client.service.champions.default.recommender
    asked = [1, 2, 3, 4, 9, 9]
    scores = dict(zip(model.movies.values.tolist(), model.scores(np.array([3]))[0].tolist(), strict=True))
    answer = client.post("/v1/rank", json={"user_id": 3, "movies": asked})
    assert movies_of(answer) == sorted(set(asked), key=lambda movie: (-scores[movie], movie))


def test_predicted_ratings_are_the_model_s_own(client: Client) -> None:
    answer = client.post("/v1/ratings/predict", json={"user_id": 3, "movies": [1, 2, 24]}).json()
    model = client.service.champions.loaded("biased_mf")
    assert answer["model"] == "biased_mf"
    assert model is not None
    predictor = model.recommender
    assert isinstance(predictor, RatingPredictor)
    expected = predictor.predict(np.array([3, 3, 3]), np.array([1, 2, 24])).tolist()
    assert [line["rating"] for line in answer["ratings"]] == pytest.approx(expected)
    newcomer = {"ratings": [{"movie_id": 2, "rating": 5}, {"movie_id": 1, "rating": 1}], "movies": [4, 3]}
    comedy, drama = client.post("/v1/ratings/predict", json=newcomer).json()["ratings"]
    assert comedy["rating"] > drama["rating"]
    assert client.post("/v1/ratings/predict", json={**newcomer, "model": "content"}).status_code == 422


def test_popular_movies_are_those_of_the_weighted_rating(client: Client) -> None:
    model = client.service.champions.default.recommender
    best = model.movies.values[np.argsort(-model.newcomers.within(["Comedy"]), kind="stable")].tolist()
    answer = client.get("/v1/popular", params={"genre": "comedy", "k": 5})
    assert movies_of(answer) == best[:5]
    assert answer.json()["policy"] == "popular"


def test_users_their_history_and_profile_are_those_of_the_ratings(client: Client) -> None:
    users = client.get("/v1/users", params={"limit": 3, "offset": 1}).json()
    assert (users["total"], [user["user_id"] for user in users["users"]]) == (USERS, [2, 3, 4])
    own = ratings().filter(pl.col("user_id") == 2).sort("timestamp", descending=True)
    history = client.get("/v1/users/2/history", params={"k": 4}).json()
    assert [line["movie_id"] for line in history["ratings"]] == own["movie_id"].to_list()[:4]
    assert history["total"] == len(own)
    profile = client.get("/v1/users/2/profile").json()
    assert profile["n_ratings"] == len(own)
    assert profile["mean_rating"] == pytest.approx(own["rating"].mean())
    assert sum(line["share"] for line in profile["genres"]) == pytest.approx(1)


def test_the_same_request_id_draws_the_same_list_again(client: Client) -> None:
    service = client.service
    first, again = (service.rng("ab" * 16).random(3).tolist() for _ in range(2))
    assert first == again != service.rng("cd" * 16).random(3).tolist()
    asked = {"policy": "stochastic", "k": 10}
    lists = {tuple(movies_of(client.get("/v1/users/2/recommendations", params=asked))) for _ in range(5)}
    assert len(lists) > 1, "every request draws anew"


def test_reasons_are_kept_of_users_as_they_are_known_and_of_nothing_else(start: Start) -> None:
    client = start()
    told = client.service.champions.default.told
    first = client.get("/v1/users/2/recommendations", params={"k": 4}).json()["movies"]
    assert len(told) == 4
    again = client.get("/v1/users/2/recommendations", params={"k": 6}).json()["movies"]
    assert [m["reasons"] for m in again[:4]] == [m["reasons"] for m in first]
    assert (len(told), told.hits) == (6, 4)
    news = {"user_id": 2, "session": [{"movie_id": 3, "action": "like"}], "k": 4}
    client.post("/v1/recommendations", json=news)
    client.get("/v1/users/2/recommendations", params={"k": 4, "alpha": 0.5})
    client.get("/v1/users/999/recommendations", params={"k": 4})
    assert (len(told), told.hits) == (6, 4), "other reasons than those of the model and what it knows of the user"
