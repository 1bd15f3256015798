"""The first page: the data in figures, who answers, and whether what serves was made of the data published last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from recsys_assets.evaluation.report_sections import RANKED_BY, RANKED_BY_LABEL
from recsys_assets.feedback.status import feedback_status
from recsys_assets.serving.app.facts.champions import Champion, champions, default_champion
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError


@dataclass(frozen=True)
class DataFacts:
    """Of the published snapshot."""

    version: str
    published_at: datetime
    ratings: int
    users: int
    movies: int
    rated_movies: int
    mean_rating: float
    first: datetime
    last: datetime

    @property
    def density(self) -> float:
        """Share of all pairs of user and rated movie that have a rating."""
        return self.ratings / max(1, self.users * self.rated_movies)


@dataclass(frozen=True)
class Serving:
    """Who answers, and from which data."""

    model: str
    reason: str
    champion: Champion
    current: bool
    """Whether it was fitted on the snapshot published last."""
    champions: int

    @property
    def why(self) -> str:
        """The reason with the ranking's key in words."""
        return self.reason.replace(RANKED_BY, RANKED_BY_LABEL)


def data_facts(settings: Settings) -> DataFacts | None:
    """None where nothing is published yet."""
    lake = Lake(settings.lake_dir)
    try:
        snapshot, ratings = lake.snapshot("ratings"), lake.read("ratings")
        movies = lake.snapshot("catalogue").rows
    except LakeError:
        return None
    found = ratings.select(
        users=pl.col("user_id").n_unique(),
        rated=pl.col("movie_id").n_unique(),
        mean=pl.col("rating").mean(),
        first=pl.col("timestamp").min(),
        last=pl.col("timestamp").max(),
    ).row(0, named=True)
    return DataFacts(
        version=data_version(settings),
        published_at=snapshot.published_at,
        ratings=len(ratings),
        users=found["users"],
        movies=movies,
        rated_movies=found["rated"],
        mean_rating=found["mean"] or 0.0,
        first=found["first"],
        last=found["last"],
    )


def data_version(settings: Settings) -> str:
    """Of the whole snapshot; empty where there is none."""
    try:
        return str(json.loads((settings.lake_dir / "snapshot.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def serving(settings: Settings) -> Serving | None:
    """None where nothing was promoted yet."""
    default, exported = default_champion(settings), champions(settings)
    chosen = next((c for c in exported if default and c.model == default.model), None)
    if default is None or chosen is None:
        return None
    current = chosen.data_version == data_version(settings)
    return Serving(default.model, default.reason, chosen, current, len(exported))


def feedback_in_words(settings: Settings) -> tuple[str, str]:
    """How many events were taken, and what waits."""
    found = feedback_status(settings)
    waiting = len(found.waiting) + found.open_segments
    return f"{found.events:,}", f"{waiting} {'batch waits' if waiting == 1 else 'batches wait'} in the inbox"
