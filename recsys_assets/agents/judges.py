"""Whose feedback no agent is ever fitted on, so that the promotion gate can ask them: a fifth of all people.

    judge(u)  <=>  hash(u, seed) < SHARE

A challenger that learned what people think today has to be judged by people of today, and by others than it learned
from, else it would be judged by its own opinion. What judges say still is their own: lists made for them know it, for a
belief is made of a person's own history. It only teaches nothing about anybody else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from recsys_assets.agents.users import uniform
from recsys_assets.recommenders.data import Histories, Ids, IntArray, TrainingData, align_people

SHARE = 0.2


def are_judges(user_ids: IntArray, *, seed: int) -> np.ndarray:
    """(n,) bool. Depends on each id and the seed alone, so that nobody changes sides."""
    return uniform(user_ids, seed=seed, purpose=4) < SHARE


def teaching(events: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Events (column `user_id`) that agents are fitted on."""
    return events.filter(~_of_judges(events, seed))


def judging(events: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Events that the gate judges by."""
    return events.filter(_of_judges(events, seed))


def taught(data: TrainingData, events: pl.DataFrame | None) -> TrainingData:
    """`data` without the stars that judges gave as feedback; their public ratings stay."""
    if events is None or events.is_empty():
        return data
    told = judging(events, seed=data.seed).filter(pl.col("action") == "rating")
    n, own = len(data.movies), data.histories
    rows = data.users.index(told["user_id"].to_numpy())
    movies, times = data.movies.index(told["movie_id"].to_numpy()), told["timestamp"].dt.epoch("s").to_numpy()
    known = (rows >= 0) & (movies >= 0)
    given = np.isin(own.rows * n + own.movies, rows[known] * n + movies[known])
    first = int(times.min()) if len(times) else 0
    return _without(data, given & (own.timestamps >= first))


def _without(data: TrainingData, dropped: np.ndarray) -> TrainingData:
    """Who said nothing else is nobody to `data` any more."""
    if not dropped.any():
        return data
    own, kept = data.histories, ~dropped
    lengths = np.bincount(own.rows[kept], minlength=len(own))
    there = np.flatnonzero((lengths > 0) | (own.lengths == 0))
    indptr = np.concatenate(([0], np.cumsum(lengths[there]))).astype(np.int64)
    users = Ids(data.users.values[there])
    histories = Histories(indptr, own.movies[kept], own.ratings[kept], own.timestamps[kept])
    return replace(data, users=users, histories=histories, people=align_people(None, users))


def _of_judges(events: pl.DataFrame, seed: int) -> pl.Series:
    return pl.Series(are_judges(events["user_id"].to_numpy(), seed=seed), dtype=pl.Boolean)
