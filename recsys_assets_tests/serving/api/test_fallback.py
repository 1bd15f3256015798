"""When a model cannot answer, something else does, and the answer says so."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from recsys_assets.serving.api.deadline import Deadlines, TooBusyError, TooLateError
from recsys_assets_tests.serving.api.conftest import Start
from recsys_assets_tests.serving.api.running import Client
from recsys_assets_tests.serving.api.test_lists import movies_of, seen_by
from recsys_assets_tests.serving.api.world import COMEDY


def best_rated(client: Client, without: set[int] = frozenset()) -> list[int]:  # type: ignore[assignment]
    """The weighted rating, straight from the model."""
    model = client.service.champions.default.recommender
    order = np.argsort(-model.fallback_scores, kind="stable")
    return [m for m in model.movies.values[order].tolist() if m not in without]


def test_an_unknown_user_is_shown_what_most_rate_well_and_told_so(client: Client) -> None:
    answer = client.get("/v1/users/123456789/recommendations", params={"k": 5})
    assert movies_of(answer) == best_rated(client)[:5]
    assert answer.json()["fallback"]["kind"] == "cold_user"
    assert answer.json()["answered_by"]["part"] == "popularity"
    assert all(movie["reasons"] for movie in answer.json()["movies"])


def test_a_newcomer_who_names_a_genre_is_shown_the_best_of_it(client: Client) -> None:
    answer = client.post("/v1/recommendations", json={"genres": ["comedy"], "k": 5})
    assert answer.json()["fallback"]["why"].startswith("nothing is known of this user: the best of Comedy")
    assert all(movie["genres"] == [COMEDY] for movie in answer.json()["movies"])


def test_a_model_without_a_champion_is_stood_in_for_by_the_default(client: Client) -> None:
    answer = client.get("/v1/users/2/recommendations", params={"model": "svdpp"})
    assert answer.status_code == 200
    assert (answer.json()["model"], answer.json()["fallback"]["kind"]) == ("item_knn", "model_missing")


def test_what_is_no_model_at_all_is_not_found(client: Client) -> None:
    answer = client.get("/v1/users/2/recommendations", params={"model": "oracle"})
    assert answer.status_code == 404
    assert "champions are" in answer.json()["detail"]


@pytest.fixture
def slow(start: Start) -> Client:
    """An app whose model takes longer than its deadline."""
    client = start(deadline_seconds=0.1)
    model = client.service.champions.default.recommender

    def dawdle(*_: Any) -> Any:
        time.sleep(0.5)

    model._score = dawdle  # type: ignore[method-assign]
    return client


def test_a_slow_model_is_not_waited_for_and_nothing_seen_is_shown(slow: Client) -> None:
    answer = slow.get("/v1/users/2/recommendations", params={"k": 5})
    assert answer.status_code == 200
    assert movies_of(answer) == best_rated(slow, seen_by(2))[:5]
    assert answer.json()["fallback"] == {
        "kind": "model_slow",
        "why": "item_knn had no answer within 0.1 s: what most people rate well is shown",
    }
    assert answer.json()["policy"] == "fallback"
    ranked = slow.post("/v1/rank", json={"user_id": 2, "movies": [1, 2, 3, 4, 5]})
    assert movies_of(ranked) == [m for m in best_rated(slow) if m <= 5]


def test_a_list_that_is_ready_goes_out_without_the_reasons_that_take_too_long(start: Start) -> None:
    client = start(deadline_seconds=0.2)
    model = client.service.champions.default.recommender
    given = movies_of(client.get("/v1/users/2/recommendations", params={"explain": False}))

    def dawdle(*_: Any) -> Any:
        time.sleep(0.6)

    model._accounts = dawdle  # type: ignore[method-assign]
    answer = client.get("/v1/users/2/recommendations")
    assert movies_of(answer) == given
    assert answer.json()["fallback"] is None
    assert answer.json()["notes"] == ["reasons of 10 movies were left out: they took too long"]


def test_a_model_that_fails_is_a_fallback_and_not_a_500(start: Start) -> None:
    client = start()
    model = client.service.champions.default.recommender

    def fail(*_: Any) -> Any:
        raise FloatingPointError("overflow in the weights")

    model._score = fail  # type: ignore[method-assign]
    answer = client.get("/v1/users/2/recommendations")
    assert answer.status_code == 200
    assert answer.json()["fallback"]["kind"] == "model_failed"
    assert "overflow" not in answer.text, "what failed is for the log, not for people"


def test_work_past_its_deadline_is_left_and_too_much_of_it_refused() -> None:
    deadlines, end = Deadlines(1, most_waiting=2), threading.Event()
    with pytest.raises(TooLateError):
        deadlines.within(0.01, end.wait)
    with pytest.raises(TooLateError):
        deadlines.within(0.01, end.wait)
    hanging = Deadlines(1, most_waiting=1)
    with pytest.raises(TooLateError):
        hanging.within(0.01, end.wait)
    with pytest.raises(TooBusyError):
        hanging.within(0.01, end.wait)
    end.set()
    assert Deadlines(1).within(5, lambda: 7) == 7
    with pytest.raises(TimeoutError, match="its own"):
        Deadlines(1).within(5, _timed_out)
    for pool in (deadlines, hanging):
        pool.close()


def _timed_out() -> None:
    raise TimeoutError("its own")
