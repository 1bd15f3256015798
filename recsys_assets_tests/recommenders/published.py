"""Published ratings as their archives hold them, read without the code of the platform."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl


def published(dataset: str, mirror: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    """Interactions, a catalogue of years and genres, and demographics where there are any."""
    with zipfile.ZipFile(mirror / "movielens" / f"{dataset}.zip") as archive:
        if dataset == "ml-100k":
            return _ml_100k(archive)
        ratings = pl.read_csv(io.BytesIO(archive.read(f"{dataset}/ratings.csv")))
        movies = pl.read_csv(io.BytesIO(archive.read(f"{dataset}/movies.csv")))
    catalogue = movies.select(
        movie_id="movieId",
        title="title",
        year=pl.col("title").str.extract(r"\((\d{4})\)\s*$").cast(pl.Int32),
        genres=pl.col("genres").str.split("|"),
    )
    return _interactions(ratings.rename({"userId": "user_id", "movieId": "movie_id"})), catalogue, None


def _ml_100k(archive: zipfile.ZipFile) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    def lines(file: str) -> Iterator[list[str]]:
        text = archive.read(f"ml-100k/{file}").decode("latin-1")
        return (line.split("|") for line in text.splitlines() if line)

    columns = ["user_id", "movie_id", "rating", "timestamp"]
    text = io.BytesIO(archive.read("ml-100k/u.data"))
    ratings = pl.read_csv(text, separator="\t", has_header=False, new_columns=columns)
    names = [name for name, *_ in lines("u.genre")]
    movies = [
        (int(row[0]), row[1], row[2][-4:] or None, [n for n, has in zip(names, row[5:], strict=True) if has == "1"])
        for row in lines("u.item")
    ]
    catalogue = pl.DataFrame(movies, schema=["movie_id", "title", "year", "genres"], orient="row").with_columns(
        pl.col("year").cast(pl.Int32)
    )
    people = [(int(row[0]), int(row[1]), row[2], row[3]) for row in lines("u.user")]
    schema = ["user_id", "age", "gender", "occupation"]
    return _interactions(ratings), catalogue, pl.DataFrame(people, schema=schema, orient="row")


def _interactions(ratings: pl.DataFrame) -> pl.DataFrame:
    return ratings.select(
        "user_id", "movie_id", pl.col("rating").cast(pl.Float32), pl.from_epoch("timestamp", time_unit="s")
    )
