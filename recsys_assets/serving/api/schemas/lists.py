"""Lists: what is shown, by whom, with which chance, and why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from recsys_assets.serving.api.fallback import Fallback

ReasonKind = Literal["history", "genre", "popularity", "bias", "factors", "part"]


class ReasonOut(BaseModel):
    """One summand of a score; those of a movie add up to it."""

    kind: ReasonKind
    text: str = Field(examples=["you gave The Godfather (1972) 5"])
    contribution: float = Field(examples=[0.42])
    movie_id: int | None = Field(default=None, description="The rated movie, where the reason is one.")
    rating: float | None = None


class Movie(BaseModel):
    """A movie of the catalogue."""

    movie_id: int = Field(examples=[318])
    title: str = Field(examples=["The Shawshank Redemption (1994)"])
    year: int | None = Field(examples=[1994])
    genres: list[str] = Field(examples=[["Crime", "Drama"]])


class ListedMovie(Movie):
    """One place of a list. Copy `position` and `propensity` into the feedback event for it."""

    position: int = Field(description="Place in the list, from 0, as feedback events count it.", examples=[0])
    score: float = Field(examples=[1.731])
    propensity: float = Field(
        description="Probability with which the policy puts this movie in this place, given the places before; 1 for "
        "greedy lists.",
        examples=[0.18],
    )
    reasons: list[ReasonOut] = Field(default=[], description="Summands of the score, the largest first.")
    evidence: list[str] = Field(
        default=[],
        description="What the person's own history holds for the movie, where no reason names a movie of theirs.",
        examples=[["like Heat (1995), which you gave 4.5"]],
    )


class AnsweredBy(BaseModel):
    """Which part of the model gave the scores, and why it was that one."""

    part: str = Field(examples=["markov"])
    why: str = Field(examples=["20 ratings are known; markov ranks best for 11 to 20"])


class ListAnswer(BaseModel):
    """A list, traceable to its model, its data and the chance behind it."""

    request_id: str = Field(examples=["0f7c4e0a5f0b4c3e9f0d3a6f2a3b1c11"])
    dataset: str = Field(examples=["ml-latest-small"])
    model: str = Field(examples=["next_item"])
    model_version: str = Field(examples=["next_item/3"])
    data_version: str = Field(examples=["0b4c73dcfd55d8a3"])
    policy: str = Field(
        description="`greedy`, `stochastic`, or `fallback` where the weighted rating answers.", examples=["greedy"]
    )
    fallback: Fallback | None = Field(default=None, description="Set where something else answers than was asked for.")
    answered_by: AnsweredBy
    ignored_movies: list[int] = Field(default=[], description="Movies of the request that the model does not know.")
    notes: list[str] = []
    movies: list[ListedMovie]


class UserListAnswer(ListAnswer):
    """A list for a user."""

    user_id: int | None = Field(default=None, description="None: anonymous.", examples=[1])


class SimilarMovie(Movie):
    """A neighbour."""

    position: int = Field(examples=[0])
    similarity: float = Field(examples=[0.83])


class SimilarAnswer(BaseModel):
    """Movies near one."""

    request_id: str
    model: str = Field(examples=["content"])
    model_version: str = Field(examples=["content/1"])
    data_version: str
    movie: Movie
    movies: list[SimilarMovie]
