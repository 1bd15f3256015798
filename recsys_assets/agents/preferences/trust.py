"""How far a user's feedback is believed: bots are known by doing one thing, or too much of it.

    trust = breadth * pace * burst
    breadth = min(1, (distinct movies with an opinion of theirs) / `broad`)
    pace    = min(1, `fast` / (explicit acts in their busiest minute)) ^ 2
    burst   = min(1, `unasked` / (opinions of that movie in that hour that no list of ours had asked for)), of these

A person who spoke of `broad` movies and never acted more than `fast` times a minute is believed wholly. Many accounts
of one movie each carry a tenth of a person each; they form pairs only with a second opinion in the same state, which an
account that likes one movie does not have, and `pairs` caps what one movie may be in. Only opinions that were typed or
clicked count towards the pace: ignored movies and clicks come by the list. Batches of old ratings are no feedback.
A movie that is shown much is spoken of much, so that only what comes without the chance it was shown with is a burst.
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
    """Opinions of one movie in an hour, of movies that we did not show, that count wholly together."""


def trusted(feedback: pl.DataFrame, config: TrustConfig | None = None) -> pl.Series:
    """(n,) `trust` (0-1) of every event: of its person, less where it is part of a burst."""
    config = config or TrustConfig()
    person = feedback.select("user_id").join(trust_of(feedback, config), on="user_id", maintain_order="left")["trust"]
    shown = pl.col("propensity").is_not_null() if "propensity" in feedback.columns else pl.lit(False)
    spoken = pl.col("action").is_in(OPINIONS)
    together = (spoken & ~shown).sum().over("movie_id", pl.col("timestamp").dt.truncate("1h"))
    burst = pl.when(shown).then(1.0).otherwise((config.unasked / together.clip(lower_bound=1)).clip(upper_bound=1))
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
