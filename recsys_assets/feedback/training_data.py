"""Feedback as every training reads it: one published snapshot, and the ratings of it that join the Interactions.

    served    all public ratings, and all ratings that people gave as feedback
    judged    public ratings of the temporal training part, and those of feedback that were both done and received
              before that part ended, but for (user, movie) pairs that are to be found in a later part

So the frozen hold-out stays what it is, and no model that is scored on it knows its future: neither by what came later
nor by what a client's clock says came earlier. Of one user's ratings of one movie the last counts. Likes, skips and
texts are no ratings and join nothing here; what learns from them reads the same snapshot (`published_feedback`).

Two rules bound what a flood of events can do (`JoinRules`): of one person's ratings only so many a day count, the first
received; and those of people who rated hardly any movies, here or publicly, wait until they have rated more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from pydantic import BaseModel, NonNegativeInt, PositiveInt

from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.warehouse.lake import Lake, LakeError

NO_FEEDBACK = "none"
"""Version of the feedback where nothing was published yet."""
COLUMNS = ("user_id", "movie_id", "rating", "timestamp")
PAIR = ["user_id", "movie_id"]


class JoinRules(BaseModel, extra="forbid", frozen=True):
    """Which of the accepted ratings join a training."""

    most_a_day: PositiveInt = 200
    """Ratings of one person received on one day (UTC)."""
    least_movies: NonNegativeInt = 3
    """Different movies, public ratings among them, that a person has to have rated; bots that like one have not."""


@dataclass(frozen=True)
class PublishedFeedback:
    """All accepted events of one snapshot, in the order of their times."""

    version: str
    """Of the snapshot's content: a link of the version chain. `NO_FEEDBACK` where there is none."""
    events: pl.DataFrame = field(compare=False, repr=False)

    @property
    def batches(self) -> tuple[str, ...]:
        return tuple(self.events["batch_id"].unique().sort())


@dataclass(frozen=True)
class TrainingFeedback:
    """What one training sees of the feedback."""

    version: str
    events: int
    """Accepted events of the snapshot, ratings or not."""
    ratings: pl.DataFrame = field(compare=False, repr=False)
    """Interactions, and `received_at`; one row a user and movie."""
    batches: tuple[str, ...] = field(compare=False, repr=False)
    left_out: dict[str, int] = field(compare=False)
    """Ratings that do not join, by rule."""
    heard: pl.DataFrame = field(compare=False, repr=False)
    """All accepted events, for models that learn from more than ratings."""
    texts: pl.DataFrame | None = field(default=None, compare=False, repr=False)
    """What was read in their texts (the table `feedback_texts`); None where none has been read."""

    def heard_before(self, border: datetime) -> pl.DataFrame:
        """Events that were both done and received before `border`: all that a model judged on what follows may know."""
        return self.heard.filter((pl.col("timestamp") < border) & (pl.col("received_at") < border))

    def served(self, interactions: pl.DataFrame) -> pl.DataFrame:
        """`interactions` and all ratings of the feedback: what a model that people are served is fitted on."""
        return joined(interactions, self.ratings)

    def judged(self, splits: pl.DataFrame) -> pl.DataFrame:
        """The temporal training part of `splits`, and what of the feedback came before its end."""
        part = pl.col("temporal").cast(pl.String)
        train, later = splits.filter(part == "train"), splits.filter(part != "train")
        border: datetime | None = later["timestamp"].min()  # type: ignore[assignment]
        earlier = self.ratings.clear()
        if border is not None:
            known_then = (pl.col("timestamp") < border) & (pl.col("received_at") < border)
            earlier = self.ratings.filter(known_then).join(later, on=PAIR, how="anti")
        return joined(train.select(COLUMNS), earlier)


def published_feedback(lake: Lake) -> PublishedFeedback:
    """The snapshot published last: version and events of the same file, whatever is published meanwhile."""
    try:
        snapshot = lake.snapshot("feedback")
    except LakeError:
        return PublishedFeedback(NO_FEEDBACK, pl.DataFrame(schema=EVENT_SCHEMA | {"batch_id": pl.String()}))
    events = pl.read_parquet(lake.root / "feedback" / snapshot.file, glob=False)
    return PublishedFeedback(snapshot.version, events)


def published_texts(lake: Lake) -> pl.DataFrame | None:
    """What was read in the texts of feedback, as published last."""
    try:
        return lake.read("feedback_texts")
    except LakeError:
        return None


def training_feedback(lake: Lake, public: pl.DataFrame, rules: JoinRules | None = None) -> TrainingFeedback:
    """What a training that begins now sees; `public`: the ratings it has anyway."""
    published, rules = published_feedback(lake), rules or JoinRules()
    ratings = published.events.filter(pl.col("action") == "rating").sort("received_at", "timestamp", "event_id")
    within = ratings.filter(pl.int_range(pl.len()).over("user_id", pl.col("received_at").dt.date()) < rules.most_a_day)
    rated = pl.concat([public.select(PAIR), within.select(PAIR)]).unique().group_by("user_id").len()
    trusted = within.join(rated.filter(pl.col("len") >= rules.least_movies), on="user_id", how="semi")
    last = (
        trusted.sort("timestamp", "received_at", "event_id").unique(PAIR, keep="last", maintain_order=True).sort(PAIR)
    )
    return TrainingFeedback(
        published.version,
        len(published.events),
        last.select(*COLUMNS, "received_at"),
        published.batches,
        {
            "more than a day's": len(ratings) - len(within),
            "of people who rated too few movies": len(within) - len(trusted),
            "replaced by a later one": len(trusted) - len(last),
        },
        published.events,
        published_texts(lake),
    )


def joined(interactions: pl.DataFrame, ratings: pl.DataFrame) -> pl.DataFrame:
    """Interactions of both; where both rate a movie of a user, the later, and of equal times that of `ratings`."""
    interactions = interactions.select(COLUMNS)
    if ratings.is_empty():
        return interactions
    added = ratings.select(COLUMNS).cast(dict(interactions.schema))  # type: ignore[arg-type]
    both = pl.concat([interactions, added])
    if not len(interactions.join(added, on=PAIR, how="semi")):
        return both
    return both.with_row_index("row").sort("timestamp", "row").unique(PAIR, keep="last").sort("row").drop("row")
