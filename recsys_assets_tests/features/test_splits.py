from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.features.splits import (
    leave_one_out_parts,
    make_splits,
    publish_splits,
    random_folds,
    split_summary,
    temporal_bounds,
    temporal_parts,
)
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.tables import RATINGS, SPLITS
from recsys_assets_tests.warehouse.files import latest_small
from recsys_assets_tests.warehouse.filling import filled

START = datetime(2001, 1, 1)


def interactions(events: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Events of (user, movie, hour)."""
    return pl.DataFrame(
        {
            "user_id": [user for user, _, _ in events],
            "movie_id": [movie for _, movie, _ in events],
            "rating": [4.0] * len(events),
            "timestamp": [START + timedelta(hours=hour) for _, _, hour in events],
        },
        schema={"user_id": pl.Int64, "movie_id": pl.Int64, "rating": pl.Float32, "timestamp": pl.Datetime("us")},
    )


EVENTS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(0, 8)),
    min_size=6,
    max_size=72,
    unique_by=lambda event: event[:2],
).filter(lambda events: len({hour for _, _, hour in events}) >= 3)


@given(events=EVENTS, seed=st.integers(0, 2**40), data=st.data())
@settings(max_examples=60, deadline=None)
def test_splits_depend_on_the_events_and_the_seed_alone(
    events: list[tuple[int, int, int]], seed: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(events))
    key = ["user_id", "movie_id"]
    once = make_splits(interactions(events), seed=seed)
    assert once.drop("temporal", "leave_one_out", "fold").equals(interactions(events))
    assert make_splits(interactions(shuffled), seed=seed).sort(key).equals(once.sort(key))


@given(events=EVENTS)
@settings(max_examples=60, deadline=None)
def test_no_event_is_earlier_than_one_of_an_earlier_part_and_no_part_is_empty(
    events: list[tuple[int, int, int]],
) -> None:
    frame = interactions(events)
    parts = {part: frame.filter(temporal_parts(frame) == part)["timestamp"] for part in ("train", "validation", "test")}
    assert sum(map(len, parts.values())) == len(frame)
    assert max(parts["train"]) < min(parts["validation"])
    assert max(parts["validation"]) < min(parts["test"])
    bounds = temporal_bounds(frame)
    assert (bounds.validation_from, bounds.test_from) == (min(parts["validation"]), min(parts["test"]))


def test_distinct_times_are_cut_at_80_and_90_percent() -> None:
    frame = interactions([(1, movie, movie) for movie in range(1, 101)])
    assert temporal_parts(frame).value_counts().sort("temporal")["count"].to_list() == [80, 10, 10]


def test_two_times_cannot_be_split_in_three() -> None:
    with pytest.raises(ValueError, match="3 different times or more, found 2 in 3 interactions"):
        temporal_parts(interactions([(1, 1, 1), (1, 2, 1), (1, 3, 2)]))


@given(events=EVENTS, seed=st.integers(0, 2**40))
@settings(max_examples=60, deadline=None)
def test_each_users_last_event_is_test_and_the_one_before_validation(
    events: list[tuple[int, int, int]], seed: int
) -> None:
    frame = interactions(events)
    frame = frame.with_columns(leave_one_out_parts(frame, seed=seed))
    for user in frame["user_id"].unique():
        own = frame.filter(pl.col("user_id") == user)
        by_part = {
            part: own.filter(leave_one_out=part)["timestamp"].to_list() for part in ("train", "validation", "test")
        }
        if len(own) < 3:
            assert len(by_part["train"]) == len(own)
            continue
        (validation,), (test,) = by_part["validation"], by_part["test"]
        assert max(by_part["train"]) <= validation <= test


def test_equal_times_are_ordered_at_random_not_by_movie_or_row() -> None:
    users = 4000
    frame = interactions([(user, movie, 0) for user in range(1, users + 1) for movie in (1, 2, 3, 4)])
    frame = frame.with_columns(leave_one_out_parts(frame, seed=1))
    held_out = frame.filter(leave_one_out="test")["movie_id"].value_counts()["count"].to_numpy()
    assert np.abs(held_out - users / 4).max() < 5 * np.sqrt(users * 0.25 * 0.75)
    other = frame.with_columns(other=leave_one_out_parts(frame, seed=2))
    assert 0.2 < (other.filter(leave_one_out="test")["other"] == "test").mean() < 0.3


def test_folds_are_balanced_and_change_with_the_seed() -> None:
    frame = interactions([(user, movie, 0) for user in range(1, 101) for movie in range(1, 71)] + [(101, 1, 0)])
    first, second = random_folds(frame, seed=1), random_folds(frame, seed=2)
    sizes = first.value_counts()["count"].to_list()
    assert sorted(first.unique()) == [0, 1, 2, 3, 4]
    assert max(sizes) - min(sizes) == 1
    assert abs((first == second).mean() - 0.2) < 0.03
    per_movie = frame.with_columns(first).group_by("movie_id").agg(pl.col("fold").n_unique())
    assert per_movie["fold"].min() == 5


def test_splits_known_by_heart_stay_as_they_are() -> None:
    """Frozen: another result here changes every published figure."""
    frame = interactions([(1, 1, 0), (1, 2, 0), (1, 3, 0), (2, 1, 1), (2, 2, 2), (2, 3, 3), (3, 1, 4)])
    splits = make_splits(frame, seed=20261123)
    assert splits["fold"].to_list() == [3, 0, 2, 1, 1, 0, 4]
    assert " ".join(splits["leave_one_out"]) == "validation test train train validation test train"


@pytest.mark.real_data
def test_latest_small_is_published_split_and_the_same_each_time(
    con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path
) -> None:
    files = latest_small(mirror, tmp_path)
    filled(con, {name: files[name] for name in ("raw_ratings", "raw_movies", "raw_links")})
    lake = Lake(tmp_path / "lake")
    ratings = lake.publish(con, RATINGS, upstream={})
    snapshot = publish_splits(lake, seed=7)
    assert snapshot.upstream == {"ratings": ratings.version}
    assert publish_splits(lake, seed=7) == snapshot
    splits = lake.read("splits")
    assert tuple(splits.columns) == SPLITS.column_names
    summary = {(row["protocol"], row["part"]): row for row in split_summary(splits).iter_rows(named=True)}
    assert [summary["temporal", part]["events"] for part in ("train", "validation", "test")] == [80_669, 10_083, 10_084]
    assert [summary["leave_one_out", part]["events"] for part in ("train", "validation", "test")] == [99_616, 610, 610]
    assert summary["temporal", "test"]["users_not_in_train"] == 54
