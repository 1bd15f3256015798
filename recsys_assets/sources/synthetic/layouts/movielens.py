"""MovieLens: the latest editions (csv), 1M and 10M (`::`), 100K (`u.data`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.dialect import Dialect, table, write
from recsys_assets.sources.synthetic.facts import make_facts
from recsys_assets.sources.synthetic.layouts.oddities import movielens_titles
from recsys_assets.sources.synthetic.users import Users
from recsys_assets.sources.synthetic.world import Stage, stream
from recsys_assets.sources.synthetic.write import Advance, append_dirty, link_frame, rating_frame, tag_frame

LATEST = Dialect(line_end="\r\n")
ML_1M = Dialect("::", header=False, quote="", encoding="latin-1")
ML_10M = Dialect("::", header=False, quote="")
ML_100K_RATINGS = Dialect("\t", header=False, quote="")
ML_100K = Dialect("|", header=False, quote="", encoding="latin-1")

OLD_GENRES = pl.col("genres").str.replace("Children", "Children's", literal=True)
"""As the two older sets have it."""
AGES = np.array([1, 18, 25, 35, 45, 50, 56])
"""Lower ends of 1M's age brackets; 1 is under 18."""
HALF_STARS = pl.Series(["0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"])
"""As 10M writes them."""
MONTHS = pl.Series(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])


def write_latest(stage: Stage, folder: Path, advance: Advance) -> None:
    """ratings.csv, movies.csv, links.csv, tags.csv."""
    facts = make_facts(stage)
    write(movielens_titles(facts, latin=False, quotes=True), folder / "movies.csv", LATEST)
    write(link_frame(facts), folder / "links.csv", LATEST)
    tag_rng = stream(stage.config, "tags")
    with table(folder / "ratings.csv", LATEST) as ratings, table(folder / "tags.csv", LATEST) as tags:
        for block in stage.rating_blocks():
            ratings.write(rating_frame(stage, block))
            tags.write(tag_frame(stage, facts, block, tag_rng))
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "ratings.csv", LATEST)


def write_1m(stage: Stage, folder: Path, advance: Advance) -> None:
    """ratings.dat, movies.dat, users.dat: whole stars, Latin-1."""
    movies = movielens_titles(make_facts(stage), latin=True, quotes=False).with_columns(OLD_GENRES)
    write(movies, folder / "movies.dat", ML_1M)
    users = _users(stage.users).select(
        "userId", "gender", pl.Series("age", _bracket(stage.users)), "occupation", "zipCode"
    )
    number = {name: i for i, name in enumerate(words.OCCUPATIONS)}
    write(users.with_columns(pl.col("occupation").replace_strict(number)), folder / "users.dat", ML_1M)
    with table(folder / "ratings.dat", ML_1M) as ratings:
        for block in stage.rating_blocks():
            ratings.write(whole_stars(rating_frame(stage, block)))
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "ratings.dat", ML_1M)


def write_10m(stage: Stage, folder: Path, advance: Advance) -> None:
    """ratings.dat, movies.dat, tags.dat: half stars, UTF-8."""
    facts = make_facts(stage)
    write(movielens_titles(facts, latin=False, quotes=False), folder / "movies.dat", ML_10M)
    tag_rng = stream(stage.config, "tags")
    with table(folder / "ratings.dat", ML_10M) as ratings, table(folder / "tags.dat", ML_10M) as tags:
        for block in stage.rating_blocks():
            stars = HALF_STARS.gather((2 * block.stars - 1).astype(np.uint32))
            ratings.write(rating_frame(stage, block).with_columns(stars.alias("rating")))
            tags.write(tag_frame(stage, facts, block, tag_rng))
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "ratings.dat", ML_10M)


def write_100k(stage: Stage, folder: Path, advance: Advance) -> None:
    """u.data (in no order), u.item (a flag per genre), u.user, u.genre, u.occupation, u.info."""
    order = stream(stage.config, "extras")
    write(_items(movielens_titles(make_facts(stage), latin=True, quotes=False)), folder / "u.item", ML_100K)
    write(_users(stage.users), folder / "u.user", ML_100K)
    write(pl.DataFrame({"g": ["unknown", *_old_genre_names()]}).with_row_index("i").select("g", "i"),
          folder / "u.genre", ML_100K)  # fmt: skip
    write(pl.DataFrame({"occupation": words.OCCUPATIONS.astype(str)}), folder / "u.occupation", ML_100K)
    size = stage.config
    counts = pl.DataFrame({"n": [size.n_users, size.n_movies, size.n_ratings], "of": ["users", "items", "ratings"]})
    write(counts, folder / "u.info", Dialect(" ", header=False, quote=""))
    with table(folder / "u.data", ML_100K_RATINGS) as ratings:
        for block in stage.rating_blocks():
            ratings.write(whole_stars(rating_frame(stage, block))[order.permutation(len(block))])
            advance(len(block))
    append_dirty(stage.config.dirty_rows, folder / "u.data", ML_100K_RATINGS)


def whole_stars(ratings: pl.DataFrame) -> pl.DataFrame:
    """Half stars rounded up to 1 to 5."""
    return ratings.with_columns(pl.col("rating").ceil().cast(pl.Int8))


def _items(movies: pl.DataFrame) -> pl.DataFrame:
    """id|title|day of release|day of video release|address|unknown|a flag for each genre."""
    year = pl.col("title").str.extract(r"\((\d{4})\)$")
    day = (pl.col("movieId") % 28 + 1).cast(pl.String).str.zfill(2)
    month = pl.lit(MONTHS).gather(pl.col("movieId") % len(MONTHS))
    listed = pl.col("genres").str.split("|")
    address = pl.format("http://us.imdb.com/M/title-exact?{}", pl.col("title").str.replace_all(" ", "%20"))
    return movies.with_columns(OLD_GENRES).select(
        "movieId",
        "title",
        pl.format("{}-{}-{}", day, month, year).alias("released"),
        pl.lit(None, pl.String).alias("video"),
        address.alias("address"),
        pl.lit(0).alias("unknown"),
        *(listed.list.contains(genre).cast(pl.Int8).alias(genre) for genre in _old_genre_names()),
    )


def _old_genre_names() -> list[str]:
    return ["Children's" if genre == "Children" else str(genre) for genre in words.GENRES]


def _bracket(users: Users) -> np.ndarray:
    return AGES[np.searchsorted(AGES, users.age, side="right") - 1]


def _users(users: Users) -> pl.DataFrame:
    """userId, age, gender, occupation, zipCode; some zip codes are not American and hold letters."""
    codes = pl.Series(users.zip_code).cast(pl.String)
    frame = pl.DataFrame(
        {
            "userId": np.arange(1, len(users) + 1),
            "age": users.age,
            "gender": users.gender.astype(str),
            "occupation": users.occupation.astype(str),
            "zipCode": codes,
        }
    )
    canadian = pl.format("V{}H", pl.col("zipCode").str.slice(0, 3))
    return frame.with_columns(zipCode=pl.when(pl.col("userId") % 50 == 0).then(canadian).otherwise("zipCode"))
