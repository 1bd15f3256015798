"""What of the feedback a training sees, and what it must not."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.feedback.training_data import (
    NO_FEEDBACK,
    JoinRules,
    TrainingFeedback,
    joined,
    published_feedback,
    training_feedback,
)
from recsys_assets.warehouse.lake import Lake

START = datetime(2026, 1, 1)
ANY = JoinRules(least_movies=0)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def splits() -> pl.DataFrame:
    """User 1 rated movies 1-4, one a day: two days train, one validates, one tests."""
    return pl.DataFrame(
        {
            "user_id": [1, 1, 1, 1],
            "movie_id": [1, 2, 3, 4],
            "rating": [5.0, 4.0, 3.0, 2.0],
            "timestamp": [at(n) for n in range(4)],
            "temporal": ["train", "train", "validation", "test"],
        }
    )


def publish(lake: Lake, *events: tuple[int, int, float | None, float, float], action: str = "rating") -> None:
    """(user, movie, stars, day done, day received)."""
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": user,
            "movie_id": movie,
            "action": action,
            "rating": stars,
            "timestamp": at(done),
            "received_at": at(received),
            "batch_id": f"b{n % 2}",
        }
        for n, (user, movie, stars, done, received) in enumerate(events)
    ]
    lake.publish_frame(pl.DataFrame(rows, EVENT_SCHEMA | {"batch_id": pl.String()}), "feedback", upstream={})


def pairs(frame: pl.DataFrame) -> list[tuple[int, int, float]]:
    return sorted(frame.select("user_id", "movie_id", "rating").rows())


@pytest.fixture
def lake(tmp_path: object) -> Lake:
    return Lake(tmp_path)  # type: ignore[arg-type]


def test_without_feedback_a_training_sees_the_public_ratings_alone(lake: Lake) -> None:
    found = training_feedback(lake, splits())
    assert (found.version, found.events, found.batches) == (NO_FEEDBACK, 0, ())
    assert pairs(found.served(splits())) == pairs(splits())
    assert pairs(found.judged(splits())) == [(1, 1, 5.0), (1, 2, 4.0)]


def test_version_and_events_are_those_of_one_snapshot(lake: Lake) -> None:
    publish(lake, (7, 1, 4.0, 9, 9), (7, 2, 3.0, 9, 9))
    found = published_feedback(lake)
    assert found.version == lake.snapshot("feedback").version
    assert found.batches == ("b0", "b1")


def test_what_is_served_has_all_ratings_and_what_is_judged_only_what_was_known_before_the_border(lake: Lake) -> None:
    publish(lake, (7, 1, 4.0, 1.5, 1.5), (7, 2, 3.0, 2.5, 2.5), (8, 1, 2.0, 9, 9))
    found = training_feedback(lake, splits(), ANY)
    assert pairs(found.served(splits()))[-3:] == [(7, 1, 4.0), (7, 2, 3.0), (8, 1, 2.0)]
    assert pairs(found.judged(splits())) == [(1, 1, 5.0), (1, 2, 4.0), (7, 1, 4.0)]


def test_a_clock_set_back_brings_nothing_into_what_is_judged(lake: Lake) -> None:
    publish(lake, (7, 1, 4.0, 0.5, 9))
    assert len(training_feedback(lake, splits(), ANY).judged(splits())) == 2


def test_a_pair_to_be_found_later_is_never_fitted_on(lake: Lake) -> None:
    publish(lake, (1, 4, 5.0, 0.5, 0.5), (1, 3, 5.0, 0.5, 0.5))
    found = training_feedback(lake, splits(), ANY)
    assert {(u, m) for u, m, _ in pairs(found.judged(splits()))} == {(1, 1), (1, 2)}
    assert pairs(found.served(splits()))[2:] == [(1, 3, 3.0), (1, 4, 2.0)], "the later public rating counts"


def test_of_two_ratings_of_a_movie_the_last_counts_whoever_gave_it(lake: Lake) -> None:
    publish(lake, (1, 1, 1.0, 9, 9), (7, 1, 4.0, 10, 10), (7, 1, 0.5, 9, 11))
    found = training_feedback(lake, splits(), ANY)
    assert pairs(found.served(splits())) == [(1, 1, 1.0), (1, 2, 4.0), (1, 3, 3.0), (1, 4, 2.0), (7, 1, 4.0)]
    assert found.left_out["replaced by a later one"] == 1


def test_likes_join_nothing_but_are_counted(lake: Lake) -> None:
    publish(lake, (7, 1, None, 9, 9), action="like")
    found = training_feedback(lake, splits(), ANY)
    assert (found.events, len(found.ratings)) == (1, 0)


def test_a_flood_of_one_person_is_cut_at_a_days_share_and_bots_that_like_one_movie_wait(lake: Lake) -> None:
    flood = [(7, movie, 5.0, 9.0, 9.0 + movie / 1000) for movie in range(1, 11)]
    bots = [(100 + n, 3, 5.0, 9.0, 9.0) for n in range(20)]
    publish(lake, *flood, *bots)
    found = training_feedback(lake, splits(), JoinRules(most_a_day=4, least_movies=2))
    assert sorted(found.ratings["movie_id"]) == [1, 2, 3, 4], "the first received"
    assert found.left_out == {
        "more than a day's": 6,
        "of people who rated too few movies": 20,
        "replaced by a later one": 0,
    }
    assert (
        training_feedback(lake, splits(), JoinRules(most_a_day=4, least_movies=1)).ratings["user_id"].n_unique() == 21
    )


def test_public_ratings_count_towards_the_movies_a_person_has_rated(lake: Lake) -> None:
    publish(lake, (1, 9, 5.0, 9, 9))
    assert len(training_feedback(lake, splits(), JoinRules(least_movies=5)).ratings) == 1
    assert len(training_feedback(lake, splits(), JoinRules(least_movies=6)).ratings) == 0


def test_joining_keeps_columns_types_and_order() -> None:
    public = splits().select("user_id", "movie_id", pl.col("rating").cast(pl.Float32), "timestamp")
    added = pl.DataFrame({"user_id": [1], "movie_id": [2], "rating": [1.0], "timestamp": [at(5)]})
    found = joined(public, added)
    assert found.schema == public.schema
    assert found["movie_id"].to_list() == [1, 3, 4, 2]


def test_nothing_is_judged_before_there_is_a_border(lake: Lake) -> None:
    publish(lake, (7, 1, 4.0, 0.5, 0.5))
    only_train = splits().with_columns(temporal=pl.lit("train"))
    found: TrainingFeedback = training_feedback(lake, only_train, ANY)
    assert len(found.judged(only_train)) == 4
