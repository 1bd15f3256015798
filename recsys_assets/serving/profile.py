"""What a user watches and likes, and whether a champion's list looks like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.features.profile import ProfileConfig, alignment, profiles
from recsys_assets.recommenders import ModelError, Recommender
from recsys_assets.serving.answers import RecommendationList, list_for, load_champion
from recsys_assets.settings import Settings


@dataclass(frozen=True)
class GenreLine:
    """One genre of the history or of the list."""

    genre: str
    n_ratings: int
    share: float
    """Of what was watched, recent ratings counted more; all genres add up to 1."""
    liking: float | None
    """Mean rating, drawn to the user's mean where there are few; None where there is none."""
    list_share: float


@dataclass(frozen=True)
class DecadeLine:
    """One decade of the history."""

    decade: int
    n_ratings: int
    share: float
    liking: float


@dataclass(frozen=True)
class UserProfile:
    """A user as their ratings show them, and the list they get."""

    user_id: int
    dataset: str
    n_ratings: int
    mean_rating: float
    first: datetime
    last: datetime
    genres: tuple[GenreLine, ...]
    """The most watched first."""
    decades: tuple[DecadeLine, ...]
    """In the order of time."""
    cosine: float
    """Of the genre shares of history and list, 0 to 1."""
    overlap: float
    """Sum of the smaller of both shares of each genre, 0 to 1."""
    listed: RecommendationList


def user_profile(
    settings: Settings, user: int, k: int, *, model: str | None = None, config: ProfileConfig | None = None
) -> UserProfile:
    """The profile of a user the champion knows, beside its top `k` for them."""
    recommender, data_version = load_champion(settings, model)
    return profile_of(recommender, user, k, dataset=settings.dataset, data_version=data_version, config=config)


def profile_of(
    recommender: Recommender,
    user: int,
    k: int,
    *,
    dataset: str,
    data_version: str,
    config: ProfileConfig | None = None,
    reasons: bool = True,
) -> UserProfile:
    """`user_profile` by a model that is loaded already; `reasons`: of the listed movies, where somebody reads them."""
    rated = ratings_of_user(recommender, user)
    if rated.is_empty():
        raise ModelError(f"{recommender.name} knows no rating of user {user}; a profile is made of ratings")
    catalogue = recommender.catalogue
    found = profiles(rated, catalogue, config)
    listed = list_for(recommender, data_version, user, k, reasons=reasons)
    movies = pl.DataFrame(
        {"user_id": user, "movie_id": [m.movie_id for m in listed.movies]},
        schema={"user_id": pl.Int64, "movie_id": pl.Int64},
    )
    fit = alignment(found.genres, movies, catalogue)
    lines = fit.genres.join(
        found.genres.select("genre", "n_ratings", "liking"), on="genre", how="left", maintain_order="left"
    ).with_columns(pl.col("n_ratings").fill_null(0))
    ((_, n_ratings, mean_rating, first, last),) = found.users.rows()
    cosine, overlap = fit.users.select("cosine", "overlap").row(0) if len(fit.users) else (0.0, 0.0)
    return UserProfile(
        user_id=user,
        dataset=dataset,
        n_ratings=n_ratings,
        mean_rating=mean_rating,
        first=first,
        last=last,
        genres=tuple(GenreLine(**row) for row in lines.drop("user_id").to_dicts()),
        decades=tuple(DecadeLine(**row) for row in found.decades.drop("user_id").sort("decade").to_dicts()),
        cosine=cosine,
        overlap=overlap,
        listed=listed,
    )


def ratings_of_user(recommender: Recommender, user: int) -> pl.DataFrame:
    """What a model knows of a user, as Interactions; no rows where it does not know them."""
    history = recommender.histories.take(recommender.users.index(np.array([user])))
    return pl.DataFrame(
        {
            "user_id": np.full(len(history.movies), user, dtype=np.int64),
            "movie_id": recommender.movies.values[history.movies],
            "rating": history.ratings,
            "timestamp": history.timestamps,
        }
    ).with_columns(pl.from_epoch("timestamp", time_unit="s"))


def default_page(settings: Settings, user: int) -> Path:
    """Where a user's page goes unless a file is named."""
    return settings.reports_dir / settings.dataset / "profiles" / f"user-{user}.html"
