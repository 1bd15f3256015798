"""What is known: movies, users, models, and how the service is."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from recsys_assets.serving.api.fallback import Fallback
from recsys_assets.serving.api.schemas.lists import Movie


class FoundMovie(Movie):
    """A hit of a search."""

    likeness: float = Field(description="0-100; 100: the title itself.", examples=[99.0])


class MovieFacts(Movie):
    """A movie, and what the ratings behind the champion say of it."""

    n_ratings: int = Field(examples=[317])
    mean_rating: float | None = Field(examples=[4.43])


class SearchAnswer(BaseModel):
    request_id: str
    query: str
    movies: list[FoundMovie]


class GenreCount(BaseModel):
    genre: str = Field(examples=["Comedy"])
    movies: int = Field(examples=[3756])


class UserLine(BaseModel):
    """A user the champion knows."""

    user_id: int
    n_ratings: int


class UsersAnswer(BaseModel):
    total: int
    users: list[UserLine]


class RatedMovie(Movie):
    rating: float
    rated_at: datetime


class HistoryAnswer(BaseModel):
    """A user's ratings as the champion knows them, the latest first."""

    user_id: int
    total: int
    ratings: list[RatedMovie]


class GenreTaste(BaseModel):
    """One genre of the history or of the list."""

    genre: str
    n_ratings: int
    share: float = Field(description="Of what was watched, recent ratings counted more; all genres add up to 1.")
    liking: float | None = Field(description="Mean rating, drawn to the user's mean where there are few.")
    list_share: float


class DecadeTaste(BaseModel):
    decade: int
    n_ratings: int
    share: float
    liking: float


class ProfileAnswer(BaseModel):
    """What a user watches and likes, and how well the champion's list fits it."""

    user_id: int
    dataset: str
    model_version: str
    data_version: str
    n_ratings: int
    mean_rating: float
    first: datetime
    last: datetime
    genres: list[GenreTaste]
    decades: list[DecadeTaste]
    cosine: float = Field(description="Of the genre shares of history and list, 0 to 1.")
    overlap: float = Field(description="Sum of the smaller of both shares of each genre, 0 to 1.")


class Prediction(BaseModel):
    movie_id: int
    rating: float = Field(description="Stars, 0.5 to 5.", examples=[4.12])


class PredictAnswer(BaseModel):
    request_id: str
    user_id: int | None
    model: str
    model_version: str
    data_version: str
    fallback: Fallback | None = None
    ratings: list[Prediction]


class ModelLine(BaseModel):
    """A champion."""

    model: str = Field(examples=["next_item"])
    version: int = Field(examples=[3])
    default: bool = Field(description="Answers where no model is named.")
    in_memory: bool
    data_version: str
    ratings_version: str
    knows_similar: bool | None = Field(description="None: not known before it is in memory.")
    predicts_ratings: bool | None
    challenger: int | None = Field(default=None, description="Version that is scored beside it, unseen.")


class ModelsAnswer(BaseModel):
    dataset: str
    default: str | None
    why_default: str
    champions: list[ModelLine]
    refused: dict[str, str] = Field(description="Exports that were not taken, and why; the version before answers.")


class ModelAnswer(ModelLine):
    """One champion, as its manifest describes it."""

    config: dict[str, Any]
    arrays: dict[str, list[int]] = Field(description="Shapes of what was learned.")
    users: int
    movies: int
    megabytes: float


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether requests can be answered."""

    status: Literal["ready", "not ready"]
    dataset: str
    model_version: str | None = None
    data_version: str | None = None
    inbox: Literal["ok", "cannot be written"] = "ok"
    refused: dict[str, str] = {}
    version: str
