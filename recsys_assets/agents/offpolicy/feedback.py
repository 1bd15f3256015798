"""Decisions of our own log: feedback events that carry the probability with which their movie was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.agents.actions import Act, Rewards
from recsys_assets.agents.offpolicy.logs import Floats, MatchedLog

WHAT_IT_WAS = {act.name.lower(): int(act) for act in Act}
"""Action of an event -> `Act`; ratings are no answer to a list, and count for nothing here."""


@dataclass(frozen=True)
class FeedbackDecisions:
    """`frame`: `request_id, user_id, movie_id, policy, timestamp, propensity, position, reward`, one row a shown
    movie; `position` from 0, which it is taken for where an event does not say."""

    frame: pl.DataFrame
    left_out: Mapping[str, int]
    """Events that say nothing of a decision, by reason."""

    def matched(self, target: Floats) -> MatchedLog:
        """`target` (n,): probability with which the policy to be judged shows `movie_id` to `user_id` then."""
        return MatchedLog(
            self.frame["user_id"].to_numpy(),
            self.frame["reward"].to_numpy(),
            self.frame["propensity"].to_numpy(),
            np.asarray(target, dtype=np.float64),
        )


def decisions_of(events: pl.DataFrame, rewards: Rewards | None = None) -> FeedbackDecisions:
    """Of accepted events (`feedback.events.EVENT_SCHEMA`). Whoever clicks and then likes a movie of one request liked
    it: a shown movie's reward is that of the best act, once."""
    table = (rewards or Rewards()).table()
    rated = pl.col("action") == "rating"
    unknown = ~rated & (pl.col("propensity").is_null() | pl.col("request_id").is_null())
    counts = events.select(ratings=rated.sum(), without_propensity=unknown.sum()).row(0, named=True)
    acts = pl.col("action").replace_strict(WHAT_IT_WAS, default=None, return_dtype=pl.Int64)
    frame = (
        events.filter(~rated & ~unknown)
        .with_columns(act=acts)
        .sort("act", "timestamp", "event_id")
        .unique(["request_id", "user_id", "movie_id"], keep="first", maintain_order=True)
        .sort("timestamp", "event_id")
    )
    earned = pl.Series("reward", table[frame["act"].to_numpy()], dtype=pl.Float64)
    columns = ["request_id", "user_id", "movie_id", "policy", "timestamp", "propensity"]
    places = pl.col("position").fill_null(0) if "position" in frame.columns else pl.lit(0, dtype=pl.Int64)
    return FeedbackDecisions(frame.select(*columns, places.alias("position")).with_columns(earned), counts)
