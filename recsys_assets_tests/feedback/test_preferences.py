"""Preferences: an explicit rating over a like or skip, over a text, over what was merely watched or passed by."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.feedback.preferences import (
    PREFERENCE_SCHEMA,
    RANKS,
    Meaning,
    PreferenceConfig,
    inferred_preferences,
    settled,
)
from recsys_assets.warehouse.tables import ACTIONS

Row = tuple[str, int, int, float, float, str]


def feedback(*events: tuple[str, float | None], movie: int = 7) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {"event_id": f"e{n}", "user_id": 1, "movie_id": movie, "action": action, "rating": stars}
        for n, (action, stars) in enumerate(events)
    ]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA)


def read(*texts: tuple[str, float, float], label: str = "negative") -> pl.DataFrame:
    columns = ["event_id", "sentiment", "confidence"]
    return pl.DataFrame(texts, schema=columns, orient="row").with_columns(label=pl.lit(label))


def test_stars_are_values_about_the_neutral_ones() -> None:
    stars = [0.5, 1.75, 3.0, 4.0, 5.0]
    found = inferred_preferences(feedback(*(("rating", s) for s in stars)))
    assert found["value"].to_list() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert found["weight"].to_list() == [1.0] * 5
    assert dict(found.schema) == PREFERENCE_SCHEMA


def test_a_text_never_overrides_a_rating_a_like_or_a_skip() -> None:
    events = feedback(("rating", 5.0), ("like", None), ("skip", None))
    hated = read(*((f"e{n}", -0.9, 1.0) for n in range(3)))
    assert inferred_preferences(events, hated).equals(inferred_preferences(events))


@pytest.mark.parametrize("action", ["watch", "click", "ignore"])
def test_a_text_after_an_act_that_says_little_is_a_weak_preference_with_its_uncertainty(action: str) -> None:
    found = inferred_preferences(feedback((action, None)), read(("e0", -0.9, 0.5)))
    assert found.rows() == [("e0", 1, 7, -0.9, 0.5 * PreferenceConfig().text, "text")]


def test_a_text_in_which_nothing_was_found_leaves_the_act_as_it_is() -> None:
    events = feedback(("watch", None))
    assert inferred_preferences(events, read(("e0", 0.0, 0.0), label="unknown")).equals(inferred_preferences(events))


@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from([-1.0, 0.3, 1.0]), st.floats(0, 1)), max_size=20))
def test_every_event_has_one_row_in_its_place_within_bounds(given: list[tuple[str, float, float]]) -> None:
    events = feedback(*((action, 2.0 if action == "rating" else None) for action, *_ in given))
    texts = read(*((f"e{n}", sentiment, sure) for n, (_, sentiment, sure) in enumerate(given)))
    found = inferred_preferences(events, texts if given else None)
    assert found["event_id"].to_list() == events["event_id"].to_list()
    assert found["value"].is_between(-1, 1).all()
    assert found["weight"].is_between(0, 1).all()
    assert set(found["source"]) <= set(RANKS)


def test_of_one_movie_the_strongest_source_has_the_last_word() -> None:
    events = feedback(("rating", 5.0), ("rating", 4.0), ("click", None), ("skip", None))
    found = settled(inferred_preferences(events, read(("e2", -0.9, 1.0))))
    assert found.select("event_id", "value").rows() == [("e1", 0.5)]
    without = settled(inferred_preferences(events[2:], read(("e2", -0.9, 1.0))))
    assert without["source"].to_list() == ["skip"]


def test_a_text_that_would_outweigh_a_like_is_refused() -> None:
    with pytest.raises(ValueError, match="never speaks over what was said"):
        PreferenceConfig(text=0.8)
    with pytest.raises(ValueError, match="fall from rating"):
        PreferenceConfig(rating=0.5, like=Meaning(value=1, weight=0.9))
