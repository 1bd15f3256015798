"""Events at the door: what is taken, and how a refusal reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.feedback import EventError, FeedbackEvent, parse_event

GOOD: dict[str, Any] = {
    "event_id": "8d1f",
    "user_id": 1,
    "movie_id": 2,
    "action": "rating",
    "rating": 4.5,
    "timestamp": "2026-11-25T10:00:00Z",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rating": 11}, "rating: .*less than or equal to 5"),
        ({"rating": 3.3}, "multiple of 0.5"),
        ({"rating": float("nan")}, "rating"),
        ({"rating": None}, "goes with action 'rating'"),
        ({"action": "like"}, "goes with action 'rating'"),
        ({"action": "adore", "rating": None}, "action: .*'like'"),
        ({"user_id": 0}, "user_id"),
        ({"user_id": True}, "true or false"),
        ({"movie_id": 2**63}, "movie_id"),
        ({"event_id": "a b'; DROP TABLE x"}, "event_id"),
        ({"propensity": 0}, "propensity"),
        ({"propensty": 0.5}, "propensty: Extra"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(EventError, match=said):
        parse_event(GOOD | change)


@pytest.mark.parametrize("not_an_event", [None, [], "x", 3, {}])
def test_what_is_no_object_is_refused(not_an_event: object) -> None:
    with pytest.raises(EventError):
        parse_event(not_an_event)


@given(st.text(max_size=200))
def test_any_text_comes_back_from_a_line_as_it_was_normalized(text: str) -> None:
    taken = parse_event(GOOD | {"text": text})
    line = taken.to_line()
    assert line.endswith(b"\n")
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert FeedbackEvent.model_validate(json.loads(line)) == taken


def test_times_are_utc_whatever_zone_they_came_in() -> None:
    assert parse_event(GOOD | {"timestamp": "2026-11-25T12:00:00+02:00"}) == parse_event(GOOD)
    assert parse_event(GOOD | {"timestamp": "2026-11-25T10:00:00"}) == parse_event(GOOD)
