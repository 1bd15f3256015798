"""The published data in figures: ratings over time, stars, genres, the long tail, who rates how much; and a search."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError

TAIL_POINTS = 200
"""At most, of the curve of the long tail."""
USER_EDGES = (1, 5, 10, 20, 50, 100, 200, 500, 1_000)
FOUND = 30
YEARS = (1900, 2030)
"""Where the catalogue tells none."""


@dataclass(frozen=True)
class Analytics:
    """Frames to draw; each is small whatever the data's size."""

    by_month: pl.DataFrame
    """month, ratings, mean."""
    stars: pl.DataFrame
    """rating, ratings."""
    genres: pl.DataFrame
    """genre, movies, ratings, mean: the most rated first."""
    decades: pl.DataFrame
    """decade, movies, ratings, mean."""
    tail: pl.DataFrame
    """movies, ratings: shares from 0 to 1, the most rated movies first."""
    activity: pl.DataFrame
    """group, users: by how many movies they rated."""
    coverage: dict[str, float]
    """Share of movies that have each fact."""
    half: float
    """Share of the rated movies that have half of all ratings."""


@dataclass(frozen=True)
class Choices:
    """What lists can be narrowed to."""

    genres: tuple[str, ...]
    """By name."""
    first_year: int
    last_year: int

    @property
    def years(self) -> tuple[int, int]:
        return self.first_year, self.last_year

    def asked(self, years: tuple[int, int]) -> dict[str, int | None]:
        """`year_from` and `year_to` of a request; an end that is not narrowed lets movies without a year in."""
        return {
            "year_from": years[0] if years[0] > self.first_year else None,
            "year_to": years[1] if years[1] < self.last_year else None,
        }


def analytics(settings: Settings) -> Analytics | None:
    """None where nothing is published yet."""
    lake = Lake(settings.lake_dir)
    try:
        ratings, catalogue = lake.read("ratings"), lake.read("catalogue")
    except LakeError:
        return None
    per_movie = ratings.group_by("movie_id").agg(ratings=pl.len(), total=pl.col("rating").sum())
    joined = catalogue.join(per_movie, on="movie_id", how="left").with_columns(pl.col("ratings", "total").fill_null(0))
    tail = _tail(per_movie["ratings"].to_numpy())
    return Analytics(
        by_month=_by_month(ratings),
        stars=ratings.group_by("rating").agg(ratings=pl.len()).sort("rating"),
        genres=_grouped(joined.explode("genres").drop_nulls("genres"), "genres").rename({"genres": "genre"}),
        decades=_grouped(joined.drop_nulls("year").with_columns(decade=pl.col("year") // 10 * 10), "decade").sort(
            "decade"
        ),
        tail=tail,
        activity=_activity(ratings),
        coverage={
            "plot": _share(catalogue, pl.col("overview").is_not_null()),
            "keywords": _share(catalogue, pl.col("keywords").list.len() > 0),
            "cast": _share(catalogue, pl.col("cast").list.len() > 0),
            "director": _share(catalogue, pl.col("director").is_not_null()),
            "votes": _share(catalogue, pl.col("vote_count").is_not_null()),
            "genres": _share(catalogue, pl.col("genres").list.len() > 0),
        },
        half=float(np.interp(0.5, tail["ratings"].to_numpy(), tail["movies"].to_numpy())),
    )


def choices(settings: Settings) -> Choices:
    """Of the catalogue; no genre, and all years, where nothing is published."""
    try:
        catalogue = Lake(settings.lake_dir).read("catalogue")
    except LakeError:
        return Choices((), *YEARS)
    genres = sorted(catalogue["genres"].explode().drop_nulls().unique().to_list())
    first, last = catalogue["year"].min(), catalogue["year"].max()
    years = (int(first), int(last)) if isinstance(first, int) and isinstance(last, int) and first < last else YEARS
    return Choices(tuple(genres), *years)


def find_movies(settings: Settings, text: str, genres: tuple[str, ...] = ()) -> pl.DataFrame:
    """Movies whose title holds `text`, of all `genres`: title, year, genres, ratings, mean; the most rated first."""
    lake = Lake(settings.lake_dir)
    found = lake.read("catalogue").filter(pl.col("title").str.to_lowercase().str.contains(text.lower(), literal=True))
    for genre in genres:
        found = found.filter(pl.col("genres").list.contains(genre))
    per_movie = lake.read("ratings").group_by("movie_id").agg(ratings=pl.len(), mean=pl.col("rating").mean())
    return (
        found.join(per_movie, on="movie_id", how="left")
        .with_columns(pl.col("ratings").fill_null(0))
        .sort("ratings", "movie_id", descending=[True, False])
        .select("movie_id", "title", "year", "genres", "ratings", "mean")
        .head(FOUND)
    )


def _by_month(ratings: pl.DataFrame) -> pl.DataFrame:
    return (
        ratings.group_by(month=pl.col("timestamp").dt.truncate("1mo"))
        .agg(ratings=pl.len(), mean=pl.col("rating").mean())
        .sort("month")
    )


def _grouped(movies: pl.DataFrame, by: str) -> pl.DataFrame:
    sums = movies.group_by(by).agg(movies=pl.len(), ratings=pl.col("ratings").sum(), total=pl.col("total").sum())
    mean = pl.when(pl.col("ratings") > 0).then(pl.col("total") / pl.col("ratings")).alias("mean")
    return sums.select(by, "movies", "ratings", mean).sort("ratings", by, descending=[True, False])


def _tail(counts: NDArray[np.integer]) -> pl.DataFrame:
    """Cumulative shares, from nothing to everything, at no more than `TAIL_POINTS` places."""
    ordered = np.sort(counts)[::-1].astype(np.float64)
    n = len(ordered)
    shares = np.concatenate([[0.0], np.cumsum(ordered) / max(ordered.sum(), 1.0)])
    places = np.unique(np.linspace(0, n, min(n, TAIL_POINTS) + 1).round().astype(np.int64))
    return pl.DataFrame({"movies": places / max(n, 1), "ratings": shares[places]})


def _activity(ratings: pl.DataFrame) -> pl.DataFrame:
    counts = ratings.group_by("user_id").len()["len"].to_numpy()
    edges = [*USER_EDGES, np.inf]
    labels = [f"{a:,}-{int(b) - 1:,}" if np.isfinite(b) else f"{a:,}+" for a, b in pairwise(edges)]
    users, _ = np.histogram(counts, edges)
    found = pl.DataFrame({"group": labels, "users": users.astype(np.int64)})
    first, last = np.flatnonzero(users)[[0, -1]] if users.any() else (0, len(users) - 1)
    return found[int(first) : int(last) + 1]


def _share(frame: pl.DataFrame, condition: pl.Expr) -> float:
    return float(frame.select(condition.fill_null(value=False).mean()).item() or 0.0)


def together(settings: Settings) -> pl.DataFrame | None:
    """Of each genre's movies, the share that are of each other genre too: a row a genre, `genre` and the others.

    None where nothing is published; the movies of one genre alone count for no pair.
    """
    try:
        genres = Lake(settings.lake_dir).read("catalogue").select("movie_id", "genres").explode("genres").drop_nulls()
    except LakeError:
        return None
    names = sorted(genres["genres"].unique().to_list())
    pairs = genres.join(genres, on="movie_id", suffix="_too").group_by("genres", "genres_too").len()
    counts = {(a, b): n for a, b, n in pairs.iter_rows()}
    rows = [
        {"genre": a, **{b: None if a == b else counts.get((a, b), 0) / counts[(a, a)] for b in names}} for a in names
    ]
    return pl.DataFrame(rows, schema={"genre": pl.String, **dict.fromkeys(names, pl.Float64)})
