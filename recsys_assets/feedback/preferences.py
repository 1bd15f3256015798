"""What an event says of a taste: a value in [-1, 1], and the weight in [0, 1] that it deserves.

    rating     value: stars about `neutral_stars`, linear to -1 at 0.5 stars and to 1 at 5      weight: `rating`
    like, skip value and weight of the config
    text       value: the text's sentiment       weight: `text` x the confidence of who read it; only where the
               event's own act says little: after a watch, a click or an ignored movie
    others     value and weight of the config

One row an event. An explicit rating outweighs a like or skip, which outweigh every text, and a text is never looked at
beside them; `settled` keeps that order between several events of one user and movie. The values are ours, from the
seed's order of rewards (like > watch > click > skip); nothing here is fitted.
"""

from __future__ import annotations

from typing import Self

import polars as pl
from pydantic import BaseModel, Field, model_validator

from recsys_assets.warehouse.tables import RATING_MAX, RATING_MIN

PREFERENCE_SCHEMA: dict[str, pl.DataType] = {
    "event_id": pl.String(),
    "user_id": pl.Int64(),
    "movie_id": pl.Int64(),
    "value": pl.Float64(),
    "weight": pl.Float64(),
    "source": pl.String(),
}
RANKS = {"rating": 0, "like": 1, "skip": 1, "text": 2, "watch": 3, "click": 4, "ignore": 5}
"""`source` -> rank, strongest first: within one user and movie a weaker source never speaks over a stronger one."""
OPINIONS = ("rating", "like", "skip")
"""Actions that say themselves what was thought; a text beside them changes nothing."""


class Meaning(BaseModel, extra="forbid", frozen=True):
    """What one action says, and how far it is to be believed."""

    value: float = Field(ge=-1, le=1)
    weight: float = Field(ge=0, le=1)


class PreferenceConfig(BaseModel, extra="forbid", frozen=True):
    """What actions, stars and texts are worth."""

    neutral_stars: float = Field(default=3.0, gt=RATING_MIN, lt=RATING_MAX)
    """Stars that say neither yes nor no."""
    rating: float = Field(default=1.0, ge=0, le=1)
    """Weight of an explicit rating."""
    text: float = Field(default=0.4, ge=0, le=1)
    """Weight of a text whose reader is certain; less in proportion to the reader's confidence."""
    like: Meaning = Meaning(value=1.0, weight=0.7)
    skip: Meaning = Meaning(value=-0.6, weight=0.5)
    watch: Meaning = Meaning(value=0.5, weight=0.35)
    click: Meaning = Meaning(value=0.25, weight=0.2)
    ignore: Meaning = Meaning(value=-0.3, weight=0.1)

    @model_validator(mode="after")
    def _explicit_before_implied(self) -> Self:
        acts = min(self.like.weight, self.skip.weight)
        if not self.rating >= max(self.like.weight, self.skip.weight) >= acts >= self.text:
            raise ValueError(
                f"weights are to fall from rating ({self.rating}) over like ({self.like.weight}) and skip "
                f"({self.skip.weight}) to text ({self.text}): what is inferred never speaks over what was said"
            )
        return self


def inferred_preferences(
    feedback: pl.DataFrame, texts: pl.DataFrame | None = None, *, config: PreferenceConfig | None = None
) -> pl.DataFrame:
    """`PREFERENCE_SCHEMA`, one row per event of `feedback` (columns of `EVENT_SCHEMA`), in its order.

    `texts`: the published table `feedback_texts` (of it `event_id, sentiment, label, confidence`); without it no text
    is counted.
    """
    config = config or PreferenceConfig()
    read = _read_texts(feedback, texts)
    act = pl.col("action")
    spoken = pl.col("sentiment").is_not_null() & ~act.is_in(OPINIONS)
    meanings = {name: getattr(config, name) for name in ("like", "skip", "watch", "click", "ignore")}
    value = act.replace_strict({k: m.value for k, m in meanings.items()}, default=0.0, return_dtype=pl.Float64)
    weight = act.replace_strict({k: m.weight for k, m in meanings.items()}, default=0.0, return_dtype=pl.Float64)
    rated = act == "rating"
    frame = read.with_columns(
        value=pl.when(rated).then(_of_stars(config)).when(spoken).then("sentiment").otherwise(value),
        weight=pl.when(rated)
        .then(config.rating)
        .when(spoken)
        .then(config.text * pl.col("confidence"))
        .otherwise(weight),
        source=pl.when(spoken).then(pl.lit("text")).otherwise(act),
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in PREFERENCE_SCHEMA.items())


def settled(preferences: pl.DataFrame) -> pl.DataFrame:
    """One row per user and movie: of the strongest source that spoke, its last word in the order of rows."""
    ranked = preferences.with_columns(rank=pl.col("source").replace_strict(RANKS, return_dtype=pl.Int64))
    strongest = ranked.filter(pl.col("rank") == pl.col("rank").min().over("user_id", "movie_id"))
    return strongest.drop("rank").unique(["user_id", "movie_id"], keep="last", maintain_order=True)


def _read_texts(feedback: pl.DataFrame, texts: pl.DataFrame | None) -> pl.DataFrame:
    """`feedback` with `sentiment` and `confidence`; null where no text was read, or nothing was found in it."""
    if texts is None:
        nothing = pl.lit(None, dtype=pl.Float64)
        return feedback.with_columns(sentiment=nothing, confidence=nothing)
    told = texts.filter(pl.col("label") != "unknown").select("event_id", "sentiment", "confidence")
    return feedback.join(told, on="event_id", how="left", maintain_order="left", validate="m:1")


def _of_stars(config: PreferenceConfig) -> pl.Expr:
    """Piecewise linear: -1 at the fewest stars, 0 at `neutral_stars`, 1 at the most."""
    off = pl.col("rating") - config.neutral_stars
    below, above = config.neutral_stars - RATING_MIN, RATING_MAX - config.neutral_stars
    return pl.when(off < 0).then(off / below).otherwise(off / above)
