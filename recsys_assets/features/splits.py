"""Frozen splits of the ratings: by time, leave-one-out, five random folds.

Each depends on the ratings and the seed alone, never on the order of rows. Events with equal timestamps have no
order in the data (44 % of the users of MovieLens 100K end on such a tie), and the order of the file would leak:
latest-small is sorted by movie. So ties are ordered by a random key of (user, movie, seed).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.features.splitmix import mix
from recsys_assets.warehouse.lake import Lake, Snapshot
from recsys_assets.warehouse.tables import PARTS, RATINGS, SPLITS

FOLDS = 5
TRAIN_SHARE, VALIDATION_SHARE = 0.8, 0.1
PART = pl.Enum(PARTS)
IntArray = NDArray[np.int64]
ROWS_AT_ONCE = 1 << 18
"""Put in order together, and about as many more as the last of their users has."""


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
    times = np.sort(_whole(interactions["timestamp"]))
    first = np.flatnonzero(np.concatenate(([True], times[1:] != times[:-1]))[: len(times)])
    if len(first) < 3:
        raise ValueError(
            f"a split by time needs events at 3 different times or more, found {len(first)} in {len(interactions)} "
            "interactions. Use a larger data set, or the split `leave_one_out`."
        )
    train_end = 1 + int(np.argmin(np.abs(first[1:-1] - TRAIN_SHARE * len(times))))
    test_start = (TRAIN_SHARE + VALIDATION_SHARE) * len(times)
    validation_end = train_end + 1 + int(np.argmin(np.abs(first[train_end + 1 :] - test_start)))
    bounds = pl.Series(times[first[[train_end, validation_end]]]).cast(interactions["timestamp"].dtype)
    return TemporalBounds(bounds[0], bounds[1])


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
    parts = np.zeros(len(interactions), dtype=np.uint8)
    late = _late_rows(_whole(interactions["user_id"]), _whole(interactions["timestamp"]))
    if len(late):
        events = interactions[late]
        keys = _random_keys(events, seed=seed, purpose=1)
        user, movie, time = (_whole(events[c]) for c in ("user_id", "movie_id", "timestamp"))
        order = np.lexsort((movie, keys, time, user))
        last = np.flatnonzero(np.append(user[order][1:] != user[order][:-1], True))
        parts[late[order[last]]] = PARTS.index("test")
        parts[late[order[last - 1]]] = PARTS.index("validation")
    return pl.Series("leave_one_out", parts).replace_strict(dict(enumerate(PARTS)), return_dtype=PART)


def _late_rows(user: IntArray, time: IntArray) -> IntArray:
    """Rows at the last two times of each user with 3 events or more: among them are the user's last two events."""
    by_user = None if (user[1:] >= user[:-1]).all() else np.argsort(user, kind="stable")
    if by_user is not None:
        user, time = user[by_user], time[by_user]
    starts = np.flatnonzero(np.concatenate(([True], user[1:] != user[:-1]))[: len(user)])
    if not len(starts):
        return starts
    sizes = np.diff(np.append(starts, len(user)))
    latest = np.repeat(np.maximum.reduceat(time, starts), sizes)
    earlier = np.maximum.reduceat(np.where(time < latest, time, np.iinfo(np.int64).min), starts)
    late = np.flatnonzero((time >= np.repeat(earlier, sizes)) & np.repeat(sizes >= 3, sizes))
    return late if by_user is None else by_user[late]


def random_folds(interactions: pl.DataFrame, *, seed: int) -> pl.Series:
    """0 to 4: a random permutation dealt out in turn, so fold sizes differ by 1 at most."""
    keys = _random_keys(interactions, seed=seed, purpose=2)
    order = np.argsort(keys)
    keys = keys[order]
    if (keys[1:] == keys[:-1]).any():  # one data set of 10 million in 400,000
        keys = _random_keys(interactions, seed=seed, purpose=2)
        order = np.lexsort((_whole(interactions["movie_id"]), _whole(interactions["user_id"]), keys))
    folds = np.empty(len(order), dtype=np.int8)
    folds[order] = np.resize(np.arange(FOLDS, dtype=np.int8), len(order))
    return pl.Series("fold", folds)


def publish_splits(lake: Lake, *, seed: int) -> Snapshot:
    """Split the published ratings and publish the result, upstream: the ratings' version."""
    splits = make_splits(lake.read(RATINGS.name), seed=seed).select(SPLITS.column_names)
    splits = splits[_order(splits)]
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


def _order(splits: pl.DataFrame) -> IntArray:
    """That of `SPLITS.order_by`: by user, time and movie.

    Published ratings are sorted by user, so that a few users at a time can be put in order: five times as fast.
    """
    user, time, movie = (_whole(splits[c]) for c in SPLITS.order_by)
    if (user[1:] < user[:-1]).any():
        return np.lexsort((movie, time, user))
    order = np.empty(len(user), dtype=np.int64)
    starts = np.searchsorted(user, user[ROWS_AT_ONCE::ROWS_AT_ONCE])
    for first, last in pairwise(np.unique(np.concatenate(([0], starts, [len(user)])))):
        own = slice(first, last)
        order[own] = first + np.lexsort((movie[own], time[own], user[own]))
    return order


def _whole(column: pl.Series) -> IntArray:
    """Whole numbers, of times the microseconds."""
    return column.to_physical().to_numpy()


def _random_keys(interactions: pl.DataFrame, *, seed: int, purpose: int) -> NDArray[np.uint64]:
    """A random number per (user, movie)."""
    user, movie = (interactions[c].to_numpy().astype(np.uint64) for c in ("user_id", "movie_id"))
    start = np.full(len(interactions), (seed * 8 + purpose) % 2**64, dtype=np.uint64)
    return mix(mix(mix(start) ^ user) ^ movie)
