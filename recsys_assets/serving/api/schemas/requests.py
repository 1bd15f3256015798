"""Bodies of requests."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recsys_assets.serving.api.config import PolicyName
from recsys_assets.serving.api.schemas.fields import (
    MOST_EXCLUDED,
    MOST_RANKED,
    MOST_RATINGS,
    Diversity,
    Genres,
    K,
    ModelName,
    MovieId,
    Share,
    Stars,
    UserId,
    Year,
)

Act = Literal["like", "watch", "click", "skip", "ignore"]


class Body(BaseModel):
    """Unknown fields are refused: a misspelled one would be ignored unseen."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RatingIn(Body):
    """A rating of the person who asks."""

    movie_id: MovieId
    rating: Stars


class ActIn(Body):
    """What the person did with a movie in this session: taken for stars, and not shown again."""

    movie_id: MovieId
    action: Act


class ProfileIn(Body):
    """A person: a known user, an anonymous one who says what they like, or a user with news of this session."""

    user_id: UserId | None = Field(default=None, description="What is known of this user counts too.")
    ratings: Annotated[list[RatingIn], Field(max_length=MOST_RATINGS)] = []
    likes: Annotated[list[MovieId], Field(max_length=MOST_RATINGS)] = Field(
        default=[], description="Movies they love; each counts as 5 stars."
    )
    session: Annotated[list[ActIn], Field(max_length=MOST_RATINGS)] = []


class PopularQuery(Body):
    """Filters of a list that is the same for everyone."""

    k: K = 10
    genre: Genres = Field(default=[], description="Only movies of any of these; repeatable.")
    year_from: Year | None = None
    year_to: Year | None = None

    @model_validator(mode="after")
    def _years_ascend(self) -> Self:
        return _ascending(self)


class ListWish(Body):
    """What a list should be like."""

    k: K = 10
    model: ModelName | None = Field(default=None, description="Which champion answers; the default one if none.")
    genres: Genres = Field(
        default=[], description="Only movies of any of these; of a newcomer also what they are asked for by."
    )
    year_from: Year | None = None
    year_to: Year | None = None
    exclude: Annotated[list[MovieId], Field(max_length=MOST_EXCLUDED)] = Field(
        default=[], description="Movies not to be shown."
    )
    include_seen: bool = Field(default=False, description="Also movies that they have rated.")
    policy: PolicyName | None = Field(default=None, description="`stochastic` draws among the best 100.")
    diversity: Diversity = Field(default=0.0, description="0: by score alone; towards 1: unlike one another in genres.")
    alpha: Share | None = Field(
        default=None, description="Weight of likeness of content, 0-1; none: as the model does."
    )
    explain: bool = Field(default=True, description="Give reasons; they take most of the time.")

    @model_validator(mode="after")
    def _years_ascend(self) -> Self:
        return _ascending(self)


class RecommendIn(ProfileIn, ListWish):
    """A profile, and what the list should be like."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"likes": [318, 858], "ratings": [{"movie_id": 1, "rating": 2.5}], "k": 5},
                {"genres": ["Comedy", "Romance"], "k": 10, "year_from": 1990},
                {"user_id": 1, "session": [{"movie_id": 296, "action": "like"}], "policy": "stochastic"},
            ]
        },
    )


class RankIn(ProfileIn):
    """A profile, and the movies to be put in order."""

    movies: Annotated[list[MovieId], Field(min_length=1, max_length=MOST_RANKED)]
    model: ModelName | None = None
    explain: bool = False

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"user_id": 1, "movies": [318, 858, 1, 296]}]},
    )


class PredictIn(Body):
    """Whose rating of which movies: of a known user, or of somebody who brings ratings."""

    user_id: UserId | None = None
    ratings: Annotated[list[RatingIn], Field(max_length=MOST_RATINGS)] = []
    movies: Annotated[list[MovieId], Field(min_length=1, max_length=MOST_RANKED)]
    model: ModelName | None = None

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"user_id": 1, "movies": [318, 858]},
                {"ratings": [{"movie_id": 318, "rating": 5}], "movies": [858, 296], "model": "svd"},
            ]
        },
    )

    @model_validator(mode="after")
    def _of_somebody(self) -> PredictIn:
        if self.user_id is None and not self.ratings:
            raise ValueError("say whose rating is asked: give user_id, or ratings, or both")
        return self


Years = TypeVar("Years", bound="PopularQuery | ListWish")


def _ascending(asked: Years) -> Years:
    if asked.year_from is not None and asked.year_to is not None and asked.year_from > asked.year_to:
        raise ValueError(f"year_from {asked.year_from} is after year_to {asked.year_to}")
    return asked
