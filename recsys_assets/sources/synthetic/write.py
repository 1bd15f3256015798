"""The generated world in the layout in which MovieLens is published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.progress import Progress, silent
from recsys_assets.sources.synthetic import texts
from recsys_assets.sources.synthetic.behaviour import Ratings, make_ratings
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import Movies, genre_space, make_movies
from recsys_assets.sources.synthetic.users import Users, make_users
from recsys_assets.sources.synthetic.words import GENRES

IMDB_FIRST_ID = 90_000_000
"""Above every id that IMDb has given, so that no generated movie is taken for a real one."""

DIRTY_KINDS: dict[str, str] = {
    "rating_above_range": "1,1,11.0,1500000000",
    "rating_nan": "1,1,NaN,1500000000",
    "duplicate": "",
    "movie_unknown": "1,999999999,4.0,1500000000",
    "id_is_text": "someone,1,4.0,1500000000",
}
"""Kind of bad row -> the line; a `duplicate` repeats the first rating."""


@dataclass(frozen=True)
class World:
    """Everything that was planted; tests and simulators compare to it."""

    config: SyntheticConfig
    movies: Movies
    users: Users
    ratings: Ratings


def make_world(config: SyntheticConfig, *, progress: Progress = silent) -> World:
    """Draw movies, users and ratings, each from its own stream of the seed."""
    space_rng, movie_rng, user_rng, rating_rng = _streams(config, 4)
    space = genre_space(config, space_rng)
    movies = make_movies(config, space, movie_rng)
    stocked = np.bincount(movies.lead_genre, minlength=len(GENRES)) > 0
    users = make_users(config, space, stocked, user_rng)
    return World(config, movies, users, make_ratings(config, movies, users, rating_rng, progress=progress))


def write_world(world: World, folder: Path) -> None:
    """Write ratings, movies, links, tags, users and imdb CSV files; the same world gives the same bytes."""
    *_, text_rng, tag_rng, link_rng = _streams(world.config, 7)
    movies = world.movies
    by_id = np.argsort(movies.movie_id)
    titles = texts.titles(movies, text_rng)
    keywords = texts.keywords(movies, text_rng)
    published = pl.DataFrame(
        {
            "movieId": movies.movie_id,
            "title": titles.select(pl.format("{} ({})", "filed", pl.Series(movies.year)))["filed"],
            "genres": texts.genre_list(movies, "|"),
        }
    )
    _write(published[by_id], folder / "movies.csv")
    _write(_links(movies, link_rng)[by_id], folder / "links.csv")
    _write(_imdb(world, titles["title"], keywords, text_rng, link_rng)[by_id], folder / "imdb.csv")
    _write(_ratings(world), folder / "ratings.csv")
    _write(_tags(world, keywords, tag_rng), folder / "tags.csv")
    _write(_users(world.users), folder / "users.csv")
    if world.config.dirty_rows:
        _append_dirty(folder / "ratings.csv", world.config.dirty_rows)


def _ratings(world: World) -> pl.DataFrame:
    ratings = world.ratings
    frame = pl.DataFrame(
        {
            "userId": ratings.user + np.int32(1),
            "movieId": world.movies.movie_id.astype(np.int32)[ratings.movie],
            "rating": ratings.stars,
            "timestamp": ratings.timestamp,
        }
    )
    return frame.sort("userId", "movieId")


def _links(movies: Movies, rng: np.random.Generator) -> pl.DataFrame:
    """Numbers without `tt`, as MovieLens has them; one movie in a hundred has no TMDb id."""
    tmdb = pl.Series(movies.movie_id + 9_000_000)
    absent = pl.Series(rng.random(len(movies)) < 0.01)
    frame = pl.DataFrame(
        {"movieId": movies.movie_id, "imdbId": movies.movie_id + IMDB_FIRST_ID, "tmdbId": tmdb, "absent": absent}
    )
    return frame.select("movieId", "imdbId", pl.when(~pl.col("absent")).then("tmdbId"))


def _imdb(
    world: World, title: pl.Series, keywords: texts.Texts, rng: np.random.Generator, link_rng: np.random.Generator
) -> pl.DataFrame:
    """The richer table. One row in ten has no id, so that joining by title and year has work to do."""
    movies = world.movies
    m = len(movies)
    offered = movies.offered.sum(axis=0)
    votes = 50 + 2_000_000 * offered / offered.max() * rng.lognormal(0, 0.3, m)
    score = 6.3 + 1.6 * movies.quality + 0.25 * rng.normal(size=m)
    frame = pl.DataFrame(
        {
            "imdb_id": movies.movie_id + IMDB_FIRST_ID,
            "title": title,
            "year": movies.year,
            "genres": texts.genre_list(movies, ", "),
            "rating": np.round(np.clip(score, 1.0, 9.8), 1),
            "votes": votes.astype(np.int64),
            "director": texts.people(movies.director, shift=0).astype(str),
            "cast": texts.joined(texts.people(movies.cast, shift=4_001), ", "),
            "keywords": texts.joined(keywords, ", "),
            "description": texts.plots(movies, rng),
            "anonymous": link_rng.random(m) < 0.1,
        }
    )
    named = pl.when(~pl.col("anonymous")).then(pl.format("tt{}", "imdb_id")).alias("imdb_id")
    return frame.with_columns(named).drop("anonymous")


def _tags(world: World, keywords: texts.Texts, rng: np.random.Generator) -> pl.DataFrame:
    """About one rating in thirty, more often of liked movies, gets a keyword of the movie as its tag."""
    ratings = world.ratings
    tagged = np.flatnonzero(rng.random(len(ratings)) < np.where(ratings.stars >= 4, 0.06, 0.01))
    movie = ratings.movie[tagged]
    frame = pl.DataFrame(
        {
            "userId": ratings.user[tagged] + 1,
            "movieId": world.movies.movie_id[movie],
            "tag": keywords[movie, rng.integers(0, keywords.shape[1], len(tagged))].astype(str),
            "timestamp": ratings.timestamp[tagged] + rng.integers(5, 600, len(tagged)),
        },
        schema_overrides={"tag": pl.String},
    )
    return frame.sort("userId", "movieId")


def _users(users: Users) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "userId": np.arange(1, len(users) + 1),
            "age": users.age,
            "gender": users.gender.astype(str),
            "occupation": users.occupation.astype(str),
            "zipCode": users.zip_code,
        }
    )


def _append_dirty(path: Path, count: int) -> None:
    with path.open(encoding="utf-8") as lines:
        lines.readline()
        first = lines.readline().rstrip("\n")
    kinds = [line or first for line in DIRTY_KINDS.values()]
    with path.open("a", encoding="utf-8", newline="") as out:
        out.writelines(f"{kinds[i % len(kinds)]}\n" for i in range(count))


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_csv(path, float_precision=1)


def _streams(config: SyntheticConfig, count: int) -> list[np.random.Generator]:
    """The first `count` streams of the seed; a stream's draws don't depend on how many there are."""
    return [np.random.default_rng(s) for s in np.random.SeedSequence(config.seed).spawn(count)]
