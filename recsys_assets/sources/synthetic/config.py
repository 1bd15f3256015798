"""The size and shape of a generated data set."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

GENERATOR_VERSION = 2
"""Raised whenever the same config would give other bytes, so that files of older code are not taken for them."""


class SyntheticConfig(BaseModel, extra="forbid", frozen=True):
    """Defaults give a data set of the shape of ml-latest-small that all models train on in seconds."""

    n_users: PositiveInt = 600
    n_movies: int = Field(default=1200, ge=20, le=250_000)
    n_ratings: PositiveInt = 60_000
    seed: NonNegativeInt = 20261123
    n_tastes: int = Field(default=8, ge=2, le=64)
    """Dimensions of the planted low-rank structure."""
    taste_strength: NonNegativeFloat = 0.65
    """Standard deviation of taste times movie, in stars."""
    noise: NonNegativeFloat = 0.6
    """Standard deviation of what nothing explains, in stars: the floor of every model's RMSE (with rounding)."""
    drift: NonNegativeFloat = 1.0
    """Angle in radians by which a taste turns over the whole ten years."""
    popularity_exponent: NonNegativeFloat = 1.6
    """Of the Zipf law: the movie of rank r is offered in proportion to (r + n_movies / 100) ** -exponent."""
    relatedness: float = Field(default=0.5, ge=0, le=1)
    """Share of a session's movies that are chosen among the neighbours of the one before."""
    dirty_rows: NonNegativeInt = 0
    """Known bad rows appended to ratings.csv, in turn of the kinds of `DIRTY_KINDS`."""

    @model_validator(mode="after")
    def _dense_at_most(self) -> SyntheticConfig:
        if self.n_ratings > 0.3 * self.n_users * self.n_movies:
            raise ValueError(
                f"{self.n_ratings:,} ratings are more than 30 % of {self.n_users:,} users x {self.n_movies:,} movies; "
                f"ask for more users or movies, or for fewer ratings"
            )
        return self

    @property
    def digest(self) -> str:
        """Names the bytes that this config gives."""
        text = json.dumps([GENERATOR_VERSION, self.model_dump(mode="json")], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
