"""How far a user's feedback is believed: bots are known by doing one thing, or too much of it.

    trust = breadth * pace * burst
    breadth = min(1, (distinct movies with an opinion of theirs) / `broad`)
    pace    = min(1, `fast` / (explicit acts in their busiest minute)) ^ 2
    burst   = min(1, `unasked` / (opinions of that movie in that hour by such accounts, that we had not asked for))
              for opinions of accounts that spoke of fewer than `broad` movies, of a movie we had not shown; else 1

A person who spoke of `broad` movies and never acted more than `fast` times a minute is believed wholly. Many accounts
of one movie each carry a tenth of a person each; they form pairs only with a second opinion in the same state, which an
account that likes one movie does not have, and `pairs` caps what one movie may be in. Only opinions that were typed or
clicked count towards the pace: ignored movies and clicks come by the list. Batches of old ratings are no feedback.
A movie that is shown much is spoken of much, so that only what comes without the chance it was shown with is a burst;
and a burst takes nothing from what people of many movies say, else it would be a way to silence them.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, PositiveInt

from recsys_assets.feedback.preferences import OPINIONS


class TrustConfig(BaseModel, extra="forbid", frozen=True):
    """What a person is like."""

    broad: PositiveInt = 10
    """Distinct movies from which on a user is believed wholly."""
    fast: PositiveInt = 20
    """Explicit acts a minute that a person may do."""
    unasked: PositiveInt = 10
    """Opinions of one movie in an hour, by accounts of few movies, that count wholly; more count as so many."""


def trusted(feedback: pl.DataFrame, config: TrustConfig | None = None) -> pl.Series:
    """(n,) `trust` (0-1) of every event: of its person, less where it is part of a burst."""
    config = config or TrustConfig()
    person = feedback.select("user_id").join(trust_of(feedback, config), on="user_id", maintain_order="left")["trust"]
    shown = pl.col("propensity").is_not_null() if "propensity" in feedback.columns else pl.lit(False)
    narrow = pl.col("movie_id").n_unique().over("user_id") < config.broad
    sudden = pl.col("action").is_in(OPINIONS) & ~shown & narrow
    together = sudden.sum().over("movie_id", pl.col("timestamp").dt.truncate("1h"))
    burst = pl.when(sudden).then((config.unasked / together).clip(upper_bound=1)).otherwise(1.0)
    return (person * feedback.select(burst=burst)["burst"]).alias("trust")


def trust_of(feedback: pl.DataFrame, config: TrustConfig | None = None) -> pl.DataFrame:
    """`user_id`, `trust` (0-1) of every user of `feedback` (columns of `EVENT_SCHEMA`), in ascending order."""
    config = config or TrustConfig()
    explicit = pl.col("action").is_in(OPINIONS) | pl.col("text").is_not_null()
    busiest = (
        feedback.filter(explicit)
        .group_by("user_id", minute=pl.col("timestamp").dt.truncate("1m"))
        .len("acts")
        .group_by("user_id")
        .agg(pl.col("acts").max())
    )
    breadth = feedback.group_by("user_id").agg(movies=pl.col("movie_id").n_unique())
    pace = (config.fast / pl.col("acts").fill_null(1).clip(lower_bound=1)).clip(upper_bound=1) ** 2
    return (
        breadth.join(busiest, on="user_id", how="left")
        .select("user_id", trust=(pl.col("movies") / config.broad).clip(upper_bound=1) * pace)
        .sort("user_id")
    )
