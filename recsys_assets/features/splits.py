"""Frozen splits of the ratings: by time, leave-one-out, five random folds.

Each depends on the ratings and the seed alone, never on the order of rows. Events with equal timestamps have no
order in the data (44 % of the users of MovieLens 100K end on such a tie), and the order of the file would leak:
latest-small is sorted by movie. So ties are ordered by a random key of (user, movie, seed).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.warehouse.lake import Lake, Snapshot
from recsys_assets.warehouse.tables import PARTS, RATINGS, SPLITS

FOLDS = 5
TRAIN_SHARE, VALIDATION_SHARE = 0.8, 0.1
PART = pl.Enum(PARTS)


@dataclass(frozen=True)
class TemporalBounds:
    """Events before `validation_from` train, those before `test_from` validate, the rest test."""

    validation_from: datetime
    test_from: datetime


def make_splits(interactions: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """The interactions, in their order, with columns `temporal`, `leave_one_out` (train, validation, test), `fold`."""
    return interactions.with_columns(
        temporal=temporal_parts(interactions),
        leave_one_out=leave_one_out_parts(interactions, seed=seed),
        fold=random_folds(interactions, seed=seed),
    )


def temporal_bounds(interactions: pl.DataFrame) -> TemporalBounds:
    """The times nearest to 80 % and 90 % of the events that leave no part empty.

    Raises ValueError for fewer than three distinct times.
    """
    times = interactions.group_by("timestamp").len().sort("timestamp")
    if len(times) < 3:
        raise ValueError(
            f"a split by time needs events at 3 different times or more, found {len(times)} in {len(interactions)} "
            "interactions. Use a larger data set, or the split `leave_one_out`."
        )
    before = np.concatenate(([0], np.cumsum(times["len"].to_numpy())[:-1]))
    train_end = 1 + int(np.argmin(np.abs(before[1:-1] - TRAIN_SHARE * len(interactions))))
    test_start = (TRAIN_SHARE + VALIDATION_SHARE) * len(interactions)
    validation_end = train_end + 1 + int(np.argmin(np.abs(before[train_end + 1 :] - test_start)))
    return TemporalBounds(times["timestamp"][train_end], times["timestamp"][validation_end])


def temporal_parts(interactions: pl.DataFrame) -> pl.Series:
    """80 % of the events, the next 10 %, the last 10 %; equal timestamps on the same side."""
    bounds = temporal_bounds(interactions)
    time = pl.col("timestamp")
    part = (
        pl.when(time < bounds.validation_from)
        .then(pl.lit("train"))
        .when(time < bounds.test_from)
        .then(pl.lit("validation"))
        .otherwise(pl.lit("test"))
    )
    return interactions.select(part.cast(PART).alias("temporal"))["temporal"]


def leave_one_out_parts(interactions: pl.DataFrame, *, seed: int) -> pl.Series:
    """Each user's last event is test, the one before it validation; users with fewer than 3 events only train."""
    from_last = (
        pl.struct("timestamp", "random", "movie_id").rank("ordinal", descending=True).over("user_id")
    )  # 1: the last event
    part = (
        pl.when(pl.len().over("user_id") < 3)
        .then(pl.lit("train"))
        .when(from_last == 1)
        .then(pl.lit("test"))
        .when(from_last == 2)
        .then(pl.lit("validation"))
        .otherwise(pl.lit("train"))
    )
    keyed = interactions.with_columns(random=_random_keys(interactions, seed=seed, purpose=1))
    return keyed.select(part.cast(PART).alias("leave_one_out"))["leave_one_out"]


def random_folds(interactions: pl.DataFrame, *, seed: int) -> pl.Series:
    """0 to 4: a random permutation dealt out in turn, so fold sizes differ by 1 at most."""
    keys = _random_keys(interactions, seed=seed, purpose=2)
    order = np.lexsort((interactions["movie_id"].to_numpy(), interactions["user_id"].to_numpy(), keys))
    folds = np.empty(len(order), dtype=np.int8)
    folds[order] = (np.arange(len(order)) % FOLDS).astype(np.int8)
    return pl.Series("fold", folds)


def publish_splits(lake: Lake, *, seed: int) -> Snapshot:
    """Split the published ratings and publish the result, upstream: the ratings' version."""
    splits = make_splits(lake.read(RATINGS.name), seed=seed).select(SPLITS.column_names).sort(SPLITS.order_by)
    return lake.publish_frame(splits, SPLITS.name, upstream={RATINGS.name: lake.snapshot(RATINGS.name).version})


def split_summary(splits: pl.DataFrame) -> pl.DataFrame:
    """One row per protocol and part: events, users, movies, users and movies unseen in train, first and last time."""
    rows = [
        _describe(splits, protocol, part, splits.filter(pl.col(protocol) == part))
        for protocol in ("temporal", "leave_one_out")
        for part in PARTS
    ]
    return pl.DataFrame(rows)


def _describe(splits: pl.DataFrame, protocol: str, part: str, events: pl.DataFrame) -> dict[str, object]:
    train = splits.filter(pl.col(protocol) == "train")
    cold = {c: events.select(c).unique().join(train, on=c, how="anti").height for c in ("user_id", "movie_id")}
    return {
        "protocol": protocol,
        "part": part,
        "events": len(events),
        "users": events["user_id"].n_unique(),
        "movies": events["movie_id"].n_unique(),
        "users_not_in_train": cold["user_id"],
        "movies_not_in_train": cold["movie_id"],
        "first": events["timestamp"].min(),
        "last": events["timestamp"].max(),
    }


def _random_keys(interactions: pl.DataFrame, *, seed: int, purpose: int) -> NDArray[np.uint64]:
    """A random number per (user, movie), whatever row it is in (SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    user, movie = (interactions[c].to_numpy().astype(np.uint64) for c in ("user_id", "movie_id"))
    start = np.full(len(interactions), (seed * 8 + purpose) % 2**64, dtype=np.uint64)
    return _mix(_mix(_mix(start) ^ user) ^ movie)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
