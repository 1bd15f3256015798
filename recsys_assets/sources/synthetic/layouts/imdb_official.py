"""IMDb's non-commercial tables: gzip, tab separated, nothing quoted, `\\N` for no value; titles of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.sources.synthetic import texts, words
from recsys_assets.sources.synthetic.dialect import Dialect, table, write
from recsys_assets.sources.synthetic.facts import IMDB_FIRST_ID, make_facts
from recsys_assets.sources.synthetic.layouts.oddities import original_title
from recsys_assets.sources.synthetic.world import Stage
from recsys_assets.sources.synthetic.write import Advance

TSV = Dialect("\t", quote="", null="\\N", gz=True)
DIRECTOR_ID, ACTOR_ID = 10_000_000, 20_000_000
"""First numbers of people."""
EPISODES = 0.25
"""Titles that are no movies, beside each movie."""
ROLES = ("actor", "actress", "actor", "actress")
DIRTY_RATINGS = ("tt{first}\t11.0\t100\n", "tt{first}\tNaN\t100\n", "", "tt99999999\t7.0\t100\n", "someone\t7.0\t100\n")
"""Bad rows of title.ratings in turn; an empty one repeats the first row."""


def write_imdb_official(stage: Stage, folder: Path, advance: Advance) -> None:
    """title.basics, title.ratings, title.crew, title.principals and name.basics, `.tsv.gz`."""
    facts = make_facts(stage).frame
    movies = stage.movies
    walk = np.argsort(movies.movie_id)
    titled = facts.with_columns(tconst=pl.format("tt{}", "imdb"))
    write(_basics(titled), folder / "title.basics.tsv.gz", TSV)
    _write_ratings(titled, folder / "title.ratings.tsv.gz", stage.config.dirty_rows)
    directors = pl.Series(movies.director[walk] + DIRECTOR_ID)
    cast = movies.cast[walk] + ACTOR_ID
    crew = titled.select("tconst", directors=pl.format("nm{}", directors), writers=pl.lit(None, pl.String))
    write(crew, folder / "title.crew.tsv.gz", TSV)
    write(_principals(titled, directors, cast), folder / "title.principals.tsv.gz", TSV)
    write(_names(movies.director, movies.cast, stage.config.seed), folder / "name.basics.tsv.gz", TSV)
    advance(len(facts))


def _basics(titled: pl.DataFrame) -> pl.DataFrame:
    """Movies, then episodes named after the first of them."""
    turn = pl.col("movie_id")
    movies = titled.select(
        "tconst",
        titleType=pl.when(turn % 12 == 5).then(pl.lit("tvMovie")).otherwise(pl.lit("movie")),
        primaryTitle="title",
        originalTitle=pl.coalesce(original_title(latin=False), "title"),
        isAdult=pl.lit(0),
        startYear=pl.when(turn % 200 != 13).then("year"),
        endYear=pl.lit(None, pl.Int64),
        runtimeMinutes=pl.when(turn % 20 != 3).then(60 + turn * 7919 % 90),
        genres=pl.when(turn % 60 != 17).then(pl.col("genres").str.replace_all("|", ",", literal=True)),
    )
    count = round(EPISODES * len(movies))
    episodes = movies[:count].with_columns(
        tconst=pl.format("tt{}", pl.Series(np.arange(count) + IMDB_FIRST_ID + 1 + len(movies))),
        titleType=pl.Series(np.array(["tvEpisode", "tvSeries", "short", "video"])[np.arange(count) % 4]),
        primaryTitle=pl.format("Episode #{}", pl.Series(np.arange(count) + 1)),
    )
    return pl.concat([movies, episodes])


def _write_ratings(titled: pl.DataFrame, path: Path, dirty: int) -> None:
    """One title in twenty has no votes yet."""
    rated = titled.filter(pl.col("movie_id") % 20 != 6)
    frame = rated.select("tconst", averageRating="rating", numVotes="votes")
    repeated = "{}\t{}\t{}\n".format(*frame.row(0))
    with table(path, TSV) as out:
        out.write(frame)
        for i in range(dirty):
            line = DIRTY_RATINGS[i % len(DIRTY_RATINGS)].format(first=IMDB_FIRST_ID + 1)
            out.line(line or repeated)


def _principals(titled: pl.DataFrame, directors: pl.Series, cast: np.ndarray) -> pl.DataFrame:
    """Four actors and the director of each movie, in its order."""
    hero = words.FIRST_NAMES[titled["movie_id"].to_numpy() % len(words.FIRST_NAMES)].astype(str)
    character = pl.Series([f'["{name}"]' for name in hero]) if len(hero) else pl.Series([], dtype=pl.String)
    rows = [
        titled.select(
            "tconst",
            ordering=pl.lit(place + 1),
            nconst=pl.format("nm{}", pl.Series(cast[:, place])),
            category=pl.lit(role),
            job=pl.lit(None, pl.String),
            characters=pl.lit(character) if place < 2 else pl.lit(None, pl.String),
        )
        for place, role in enumerate(ROLES)
    ]
    rows.append(
        titled.select(
            "tconst",
            ordering=pl.lit(len(ROLES) + 1),
            nconst=pl.format("nm{}", directors),
            category=pl.lit("director"),
            job=pl.lit(None, pl.String),
            characters=pl.lit(None, pl.String),
        )
    )
    return pl.concat(rows).sort("tconst", "ordering", maintain_order=True)


def _names(director: np.ndarray, cast: np.ndarray, seed: int) -> pl.DataFrame:
    """Each person of the credits once."""
    people = [
        (np.unique(director), DIRECTOR_ID, texts.DIRECTORS, "director,writer"),
        (np.unique(cast), ACTOR_ID, texts.ACTORS, "actor,producer"),
    ]
    frames = []
    for number, first, shift, profession in people:
        born = 1900 + (number * 31 + seed) % 100
        frames.append(
            pl.DataFrame(
                {
                    "nconst": pl.Series(number + first),
                    "primaryName": pl.Series(texts.people(number, shift=shift).astype(str)),
                    "birthYear": born,
                    "turn": number,
                }
            ).select(
                pl.format("nm{}", "nconst").alias("nconst"),
                "primaryName",
                birthYear=pl.when(pl.col("turn") % 3 != 1).then("birthYear"),
                deathYear=pl.when(pl.col("turn") % 3 == 2).then(pl.col("birthYear") + 70),
                primaryProfession=pl.lit(profession),
                knownForTitles=pl.lit(None, pl.String),
            )
        )
    return pl.concat(frames)
