"""Drift of the feedback: what is planted is found, and what is alike is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.feedback_drift import DriftBounds, feedback_drift, popularity_labels
from recsys_assets.evaluation.feedback_drift_figure import feedback_drift_figure
from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.quality.drift import psi

NOW = datetime(2026, 11, 25)


def public(n: int = 4000, *, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    movies = np.minimum(rng.geometric(0.05, n), 100)
    return pl.DataFrame({"user_id": rng.integers(1, 201, n), "movie_id": movies, "rating": rng.integers(5, 11, n) / 2})


def events(
    ratings: pl.DataFrame, *, action: str = "rating", days_ago: float = 30, text: str | None = None
) -> pl.DataFrame:
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": user,
            "movie_id": movie,
            "action": action,
            "rating": stars if action == "rating" else None,
            "text": text,
            "timestamp": NOW - timedelta(days=days_ago),
            "received_at": NOW,
        }
        for n, (user, movie, stars) in enumerate(ratings.iter_rows())
    ]
    return pl.DataFrame(rows, EVENT_SCHEMA)


def test_feedback_like_the_public_ratings_has_not_moved_and_warns_of_nothing() -> None:
    found = feedback_drift(events(public(1500, seed=2)), public())
    assert found.stars_psi == pytest.approx(0, abs=0.02)
    assert found.popularity_psi == pytest.approx(0, abs=0.02)
    assert (found.new_users, found.texts) == (0, 0)
    assert found.warnings() == []


def test_other_stars_are_found_and_are_the_psi_of_the_counts() -> None:
    low = public(1500).with_columns(rating=pl.col("rating") - 2)
    found = feedback_drift(events(low), public())
    assert found.stars_psi == psi(found.stars, found.public_stars)
    assert sum(found.stars) == 1500
    assert found.mean_stars == pytest.approx(low["rating"].mean())
    assert any("stars are given otherwise" in w for w in found.warnings())


def test_other_movies_are_found_by_how_popular_they_are_and_unseen_ones_stand_apart() -> None:
    rare = public(900).with_columns(movie_id=pl.when(pl.int_range(pl.len()) < 300).then(500).otherwise(90))
    found = feedback_drift(events(rare), public())
    assert found.popularity[popularity_labels().index("unseen")] == 300
    assert found.popularity[9] == 600
    assert found.new_movies == 0.5
    assert any("more, or less, popular" in w for w in found.warnings())


def test_the_groups_of_popularity_hold_a_tenth_of_the_public_ratings_each() -> None:
    shares = np.array(feedback_drift(events(public(10)), public()).public_popularity[:10]) / 4000
    largest = public()["movie_id"].value_counts()["count"].max() / 4000  # type: ignore[operator]
    assert np.abs(np.cumsum(shares) - np.arange(1, 11) / 10).max() <= largest


def test_new_people_and_texts_are_counted() -> None:
    half = public(400).with_columns(
        user_id=pl.when(pl.int_range(pl.len()) < 200).then(pl.int_range(pl.len()) + 10_000).otherwise(1)
    )
    found = feedback_drift(pl.concat([events(half[:300]), events(half[300:], action="like", text="fine")]), public())
    assert found.new_users == pytest.approx(200 / 201)
    assert found.texts == 0.25
    assert (found.acts["rating"], found.acts["like"]) == (300, 100)


def test_a_flood_of_one_movie_or_one_person_is_named() -> None:
    flood = public(1000).with_columns(movie_id=7, user_id=pl.int_range(pl.len()) + 1)
    found = feedback_drift(events(flood, action="like"), public())
    assert found.busiest_movie == 1
    assert "one movie got 100% of all events" in found.warnings()
    assert not any("one person" in w for w in found.warnings())


def test_acts_that_change_in_the_last_days_are_found() -> None:
    then, now = events(public(1000), action="like"), events(public(1000, seed=3), action="skip", days_ago=1)
    found = feedback_drift(pl.concat([then, now]), public())
    assert found.recent_acts == {**dict.fromkeys(found.acts, 0), "skip": 1000}
    assert any("acts of the last 7 days" in w for w in found.warnings())


def test_few_events_warn_of_nothing() -> None:
    flood = public(100).with_columns(movie_id=7)
    assert feedback_drift(events(flood), public()).warnings(DriftBounds(least_events=101)) == []


def test_without_feedback_there_is_a_report_and_a_picture_all_the_same() -> None:
    found = feedback_drift(pl.DataFrame(schema=EVENT_SCHEMA), public())
    assert (found.events, found.warnings()) == (0, [])
    assert found.stars_psi is None
    assert len(png_bytes(feedback_drift_figure(found))) < 50_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_the_shares(theme: str) -> None:
    found = feedback_drift(events(public(500, seed=2)), public())
    figure = feedback_drift_figure(found, theme=theme)  # type: ignore[arg-type]
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights[:10] == pytest.approx(np.array(found.stars) / 500)
    assert heights[10:] == pytest.approx(np.array(found.public_stars) / 4000)
    assert len(png_bytes(figure)) < 50_000
