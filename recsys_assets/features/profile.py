"""What users watch and how they like it, by genre and decade, and how well a list of movies fits that.

    share of g for u  = sum over u's ratings i of g of  w_i / |genres of i|,  divided by the same over all genres
    w_i               = 0.5 ^ (time since u's rating i until u's last / half-life)
    liking of g by u  = (sum of ratings of g + shrinkage * u's mean) / (number of them + shrinkage)

A movie of three genres counts a third for each, so shares add up to 1; movies without genres count in none. A list
has shares of the same kind, every movie of it with the same weight. Everything is computed for all users at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat

SECONDS_A_DAY = 86400


class ProfileConfig(BaseModel, extra="forbid"):
    half_life_days: PositiveFloat | None = 365.0
    """Age at which a rating counts half as much as the user's last one; None: all count the same."""
    shrinkage: NonNegativeFloat = 5.0
    """Ratings at the user's own mean that every genre and decade is thought to have beside the real ones."""


@dataclass(frozen=True)
class Profiles:
    """Profiles of all users that have ratings; users in ascending order, the largest share first."""

    users: pl.DataFrame
    """`user_id, n_ratings, mean_rating, first, last`."""
    genres: pl.DataFrame
    """`user_id, genre, n_ratings, share, liking`."""
    decades: pl.DataFrame
    """`user_id, decade, n_ratings, share, liking`; movies without a year count in none."""


@dataclass(frozen=True)
class Alignment:
    """How well each user's list fits their profile."""

    users: pl.DataFrame
    """`user_id, cosine, overlap`. Cosine of both shares; overlap is the sum of the smaller of both, 1 where equal."""
    genres: pl.DataFrame
    """`user_id, genre, share, list_share`; genres of either."""


def profiles(interactions: pl.DataFrame, catalogue: pl.DataFrame, config: ProfileConfig | None = None) -> Profiles:
    """From Interactions (`user_id, movie_id, rating, timestamp`) and a Catalogue (`movie_id, year, genres`)."""
    config = config or ProfileConfig()
    rated = interactions.select("user_id", "movie_id", "rating", weight=_weight(config))
    users = (
        interactions.group_by("user_id")
        .agg(
            n_ratings=pl.len(),
            mean_rating=pl.col("rating").cast(pl.Float64).mean(),
            first=pl.col("timestamp").min(),
            last=pl.col("timestamp").max(),
        )
        .sort("user_id")
    )
    decades = catalogue.drop_nulls("year").select(
        "movie_id", part=pl.lit(1.0), decade=(pl.col("year") // 10 * 10).cast(pl.Int32)
    )
    return Profiles(
        users,
        _liked(rated, _genre_parts(catalogue), "genre", users, config.shrinkage),
        _liked(rated, decades, "decade", users, config.shrinkage),
    )


def alignment(genres: pl.DataFrame, lists: pl.DataFrame, catalogue: pl.DataFrame) -> Alignment:
    """Of lists (`user_id, movie_id`) with `Profiles.genres`; users without a profile or a list of genres fit by 0."""
    listed = lists.select("user_id", "movie_id", weight=pl.lit(1.0)).join(_genre_parts(catalogue), on="movie_id")
    list_shares = (
        listed.group_by("user_id", "genre").agg(_weight_of_parts()).select("user_id", "genre", list_share=_share())
    )
    both = (
        genres.select("user_id", "genre", "share")
        .join(list_shares, on=["user_id", "genre"], how="full", coalesce=True)
        .with_columns(pl.col("share", "list_share").fill_null(0.0))
        .join(lists.select("user_id").unique(), on="user_id", how="semi")
        .sort("user_id", "share", "list_share", "genre", descending=[False, True, True, False])
    )
    share, list_share = pl.col("share"), pl.col("list_share")
    lengths = ((share**2).sum() * (list_share**2).sum()).sqrt()
    users = (
        lists.select("user_id")
        .unique()
        .join(
            both.group_by("user_id").agg(
                cosine=pl.when(lengths > 0).then((share * list_share).sum() / lengths).otherwise(0.0),
                overlap=pl.min_horizontal(share, list_share).sum(),
            ),
            on="user_id",
            how="left",
        )
        .with_columns(pl.col("cosine", "overlap").fill_null(0.0))
        .sort("user_id")
    )
    return Alignment(users, both)


def _weight(config: ProfileConfig) -> pl.Expr:
    if config.half_life_days is None:
        return pl.lit(1.0)
    age = (pl.col("timestamp").max().over("user_id") - pl.col("timestamp")).dt.total_seconds()
    return 0.5 ** (age / (config.half_life_days * SECONDS_A_DAY))


def _genre_parts(catalogue: pl.DataFrame) -> pl.DataFrame:
    """`movie_id, part, genre`: a row a genre of each movie, which counts for `part` of it."""
    of_some = catalogue.filter(pl.col("genres").list.len() > 0)
    parts = of_some.select("movie_id", part=1 / pl.col("genres").list.len(), genre="genres")
    return parts.explode("genre").with_columns(pl.col("genre").cast(pl.String))


def _liked(rated: pl.DataFrame, parts: pl.DataFrame, by: str, users: pl.DataFrame, shrinkage: float) -> pl.DataFrame:
    """`user_id, by, n_ratings, share, liking` of `rated` movies whose `by` is in `parts`."""
    total = pl.col("rating").cast(pl.Float64).sum()
    return (
        rated.join(parts, on="movie_id")
        .group_by("user_id", by)
        .agg(_weight_of_parts(), n_ratings=pl.len(), total=total)
        .join(users.select("user_id", "mean_rating"), on="user_id")
        .select(
            "user_id",
            by,
            "n_ratings",
            share=_share(),
            liking=(pl.col("total") + shrinkage * pl.col("mean_rating")) / (pl.col("n_ratings") + shrinkage),
        )
        .sort("user_id", "share", by, descending=[False, True, False])
    )


def _weight_of_parts() -> pl.Expr:
    return (pl.col("weight") * pl.col("part")).sum().alias("weight")


def _share() -> pl.Expr:
    return pl.col("weight") / pl.col("weight").sum().over("user_id")
