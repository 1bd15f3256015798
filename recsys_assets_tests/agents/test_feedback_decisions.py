"""Our own log as decisions: one a shown movie, with its propensity, and nothing of what has none."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from recsys_assets.agents.offpolicy.estimators import policy_value
from recsys_assets.agents.offpolicy.feedback import decisions_of
from recsys_assets.feedback.events import EVENT_SCHEMA

Row = tuple[str, int, str, str | None, float | None]


def events(*rows: Row) -> pl.DataFrame:
    """`event_id, movie_id, action, request_id, propensity` of user 1, a second apart."""
    filled = [
        {
            "event_id": event,
            "user_id": 1,
            "movie_id": movie,
            "action": action,
            "request_id": request,
            "propensity": propensity,
            "timestamp": datetime(2026, 1, 1) + timedelta(seconds=second),
            "rating": 4.0 if action == "rating" else None,
        }
        for second, (event, movie, action, request, propensity) in enumerate(rows)
    ]
    return pl.DataFrame(filled, schema=EVENT_SCHEMA)


def test_a_movie_of_a_request_counts_once_with_the_best_that_came_of_it() -> None:
    found = decisions_of(
        events(
            ("a", 10, "click", "r1", 0.2),
            ("b", 10, "like", "r1", 0.2),
            ("c", 11, "skip", "r1", 0.5),
            ("d", 10, "ignore", "r2", 0.1),
        )
    )
    rows = found.frame.select("request_id", "movie_id", "reward", "propensity").sort("request_id", "movie_id").rows()
    expected = [("r1", 10, 1.5, 0.2), ("r1", 11, -0.2, 0.5), ("r2", 10, -0.5, 0.1)]
    for one, other in zip(rows, expected, strict=True):
        assert one == pytest.approx(other)


def test_what_has_no_propensity_or_is_no_answer_is_left_out_and_counted() -> None:
    found = decisions_of(
        events(
            ("a", 10, "like", "r1", None),
            ("b", 11, "like", None, 0.5),
            ("c", 12, "rating", "r1", 0.5),
            ("d", 13, "watch", "r1", 0.25),
        )
    )
    assert found.frame["movie_id"].to_list() == [13]
    assert found.left_out == {"ratings": 1, "without_propensity": 2}


def test_a_policy_can_be_judged_by_it() -> None:
    many = events(*((f"e{i}", i, "like" if i % 2 else "ignore", f"r{i}", 0.5) for i in range(400)))
    found = decisions_of(many)
    odd = (found.frame["movie_id"].to_numpy() % 2).astype(float)
    assert policy_value(found.matched(odd), "snips").value == pytest.approx(1.5)
    assert policy_value(found.matched(odd), "ips").ess == pytest.approx(200)


def test_no_events_are_no_decisions() -> None:
    found = decisions_of(events())
    assert (len(found.frame), found.left_out) == (0, {"ratings": 0, "without_propensity": 0})
