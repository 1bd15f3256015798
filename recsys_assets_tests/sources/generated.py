"""Generated drops as tests need them: written once, read by Python's own readers as the sources describe them."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.sources.headers import verified
from recsys_assets.sources.own.known import described
from recsys_assets.sources.synthetic import World


def rows(file: DelimitedFile) -> list[list[str]]:
    """Every record but the header, fields as published."""
    verified(file)
    content = file.path.read_bytes()
    text = (gzip.decompress(content) if file.path.suffix == ".gz" else content).decode(file.encoding)
    if file.quote:
        lines = io.StringIO(text, newline="")
        found = list(csv.reader(lines, delimiter=file.delimiter, quotechar=file.quote, strict=True))
    else:
        found = [line.split(file.delimiter) for line in text.splitlines()]
    assert {len(row) for row in found} == {len(file.columns)}, file.path
    return found[0 if file.header is None else 1 :]


def by_column(file: DelimitedFile) -> list[dict[str, str]]:
    """Rows by our column names; dropped columns left out."""
    return [{c: v for c, v in zip(file.columns, row, strict=True) if c} for row in rows(file)]


def of_layout(layout: str, folder: Path) -> dict[str, DelimitedFile]:
    """Raw table -> the one file of it."""
    files = described(layout, folder)
    assert len({f.table for f in files}) == len(files)
    return {f.table: f for f in files}


def made(world: World) -> pl.DataFrame:
    """The planted ratings, ids as published, in order of user, movie."""
    return pl.DataFrame(
        {
            "user_id": world.ratings.user.astype(np.int64) + 1,
            "movie_id": world.movies.movie_id[world.ratings.movie],
            "rating": world.ratings.stars.astype(np.float64),
            "timestamp": world.ratings.timestamp,
        }
    ).sort("user_id", "movie_id")


def read_ratings(file: DelimitedFile) -> pl.DataFrame:
    types = {"user_id": pl.Int64, "movie_id": pl.Int64, "rating": pl.Float64, "timestamp": pl.Int64}
    return pl.DataFrame(by_column(file)).select(pl.col(c).cast(t) for c, t in types.items()).sort("user_id", "movie_id")
