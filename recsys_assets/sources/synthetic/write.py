"""The embedded data set's files: the layout of MovieLens's latest editions, with users and a table of IMDb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.sources.synthetic.behaviour import Ratings
from recsys_assets.sources.synthetic.dialect import Dialect, table, write
from recsys_assets.sources.synthetic.facts import Facts, make_facts
from recsys_assets.sources.synthetic.users import Users
from recsys_assets.sources.synthetic.world import Stage, stream

CSV = Dialect()

DIRTY_KINDS: dict[str, tuple[str, str, str, str]] = {
    "rating_above_range": ("1", "1", "11.0", "1500000000"),
    "rating_nan": ("1", "1", "NaN", "1500000000"),
    "duplicate": ("", "", "", ""),
    "movie_unknown": ("1", "999999999", "4.0", "1500000000"),
    "id_is_text": ("someone", "1", "4.0", "1500000000"),
}
"""Kind of bad row -> user, movie, rating and time; a `duplicate` repeats the first rating."""

Advance = Callable[[int], object]
"""Is told how many ratings have been written since the last call."""


def write_world(stage: Stage, folder: Path, *, advance: Advance = lambda n: None) -> None:
    """Write ratings, movies, links, tags, users and imdb CSV files; the same stage gives the same bytes."""
    facts = make_facts(stage)
    write(movie_frame(facts), folder / "movies.csv", CSV)
    write(link_frame(facts), folder / "links.csv", CSV)
    write(_imdb(facts), folder / "imdb.csv", CSV)
    write(_users(stage.users), folder / "users.csv", CSV)
    tag_rng = stream(stage.config, "tags")
    with table(folder / "ratings.csv", CSV) as ratings, table(folder / "tags.csv", CSV) as tags:
        for block in stage.rating_blocks():
            ratings.write(rating_frame(stage, block))
            tags.write(tag_frame(stage, facts, block, tag_rng))
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "ratings.csv", CSV)


def rating_frame(stage: Stage, block: Ratings) -> pl.DataFrame:
    """Columns userId, movieId, rating, timestamp; in order of the first two."""
    return pl.DataFrame(
        {
            "userId": block.user + np.int32(1),
            "movieId": stage.movies.movie_id.astype(np.int32).take(block.movie),
            "rating": block.stars,
            "timestamp": block.timestamp,
        }
    )


def movie_frame(facts: Facts) -> pl.DataFrame:
    return facts.frame.select(
        pl.col("movie_id").alias("movieId"), pl.format("{} ({})", "filed", "year").alias("title"), "genres"
    )


def link_frame(facts: Facts) -> pl.DataFrame:
    """Numbers without `tt`, as MovieLens has them."""
    return facts.frame.select(movieId="movie_id", imdbId="imdb", tmdbId="tmdb")


def tag_frame(stage: Stage, facts: Facts, block: Ratings, rng: np.random.Generator) -> pl.DataFrame:
    """About one rating in thirty, more often of liked movies, gets a keyword of the movie as its tag."""
    tagged = np.flatnonzero(rng.random(len(block)) < np.where(block.stars >= 4, 0.06, 0.01))
    movie = block.movie[tagged]
    return pl.DataFrame(
        {
            "userId": block.user[tagged] + 1,
            "movieId": stage.movies.movie_id[movie],
            "tag": facts.keywords[movie, rng.integers(0, facts.keywords.shape[1], len(tagged))].astype(str),
            "timestamp": block.timestamp[tagged] + rng.integers(5, 600, len(tagged)),
        },
        schema_overrides={"tag": pl.String},
    )


def append_dirty(count: int, path: Path, dialect: Dialect) -> None:
    """Add `count` bad rows to a file of ratings, in turn of the kinds."""
    with path.open("rb") as lines:
        first = [lines.readline() for _ in range(2)][1 if dialect.header else 0].decode()
    kinds = [dialect.row(*values) if values[0] else first for values in DIRTY_KINDS.values()]
    with path.open("ab") as out:
        out.writelines(kinds[i % len(kinds)].encode() for i in range(count))


def _imdb(facts: Facts) -> pl.DataFrame:
    """The richer table. One row in ten has no id, so that joining by title and year has work to do."""
    return facts.frame.select(
        pl.when(~pl.col("anonymous")).then(pl.format("tt{}", "imdb")).alias("imdb_id"),
        "title",
        "year",
        pl.col("genres").str.replace_all("|", ", ", literal=True),
        "rating",
        "votes",
        "director",
        "cast",
        "keywords",
        "description",
    )


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
