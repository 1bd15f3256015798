"""What comes with a question, as histories of known movies: a newcomer's ratings, and pairs not to be shown."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_assets.recommenders.checks import check_history
from recsys_assets.recommenders.data import Histories, Ids


def newcomer_history(ratings: pl.DataFrame, movies: Ids) -> Histories:
    """One newcomer's ratings (`movie_id, rating`, optional `timestamp`); movies that are not known are left out."""
    check_history(ratings)
    index = movies.index(ratings["movie_id"].to_numpy())
    known = index >= 0
    times = (
        ratings["timestamp"].dt.epoch("s").to_numpy()
        if "timestamp" in ratings.columns
        else np.arange(len(ratings), dtype=np.int64)
    )
    rows = np.zeros(int(known.sum()), dtype=np.int64)
    values = ratings["rating"].cast(pl.Float32).to_numpy()
    return Histories.from_columns(rows, 1, index[known], values[known], times[known])


def hidden_pairs(pairs: pl.DataFrame, movies: Ids) -> tuple[Ids, Histories]:
    """Pairs (`user_id, movie_id`) as the users they name and a history of each, without ratings and times."""
    users, index = Ids.of(pairs["user_id"].to_numpy()), movies.index(pairs["movie_id"].to_numpy())
    rows, known = users.index(pairs["user_id"].to_numpy()), index >= 0
    n = int(known.sum())
    no_rating, no_time = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.int64)
    return users, Histories.from_columns(rows[known], len(users), index[known], no_rating, no_time)
