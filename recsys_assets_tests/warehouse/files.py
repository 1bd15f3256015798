"""Published files as tests need them: small ones written by the test, real ones as the sources describe them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from recsys_assets.sources import imdb
from recsys_assets.sources.files import DelimitedFile
from recsys_assets.sources.movielens import latest_layout, ml_100k_layout

RATINGS_HEADER = ("userId", "movieId", "rating", "timestamp")
RATINGS_COLUMNS = ("user_id", "movie_id", "rating", "timestamp")


def ratings_file(folder: Path, *rows: str, header: str = "userId,movieId,rating,timestamp") -> DelimitedFile:
    return _written(folder / "ratings.csv", header, rows, "raw_ratings", RATINGS_COLUMNS, RATINGS_HEADER)


def movies_file(folder: Path, *rows: str) -> DelimitedFile:
    header = ("movieId", "title", "genres")
    return _written(
        folder / "movies.csv", ",".join(header), rows, "raw_movies", ("movie_id", "title", "genres"), header
    )


def links_file(folder: Path, *rows: str) -> DelimitedFile:
    header, columns = ("movieId", "imdbId", "tmdbId"), ("movie_id", "imdb_id", "tmdb_id")
    return _written(folder / "links.csv", ",".join(header), rows, "raw_links", columns, header)


def tags_file(folder: Path, *rows: str) -> DelimitedFile:
    header, columns = ("userId", "movieId", "tag", "timestamp"), ("user_id", "movie_id", "tag", "timestamp")
    return _written(folder / "tags.csv", ",".join(header), rows, "raw_tags", columns, header)


def users_file(folder: Path, *rows: str) -> DelimitedFile:
    header = ("user_id", "age", "gender")
    return _written(folder / "users.csv", ",".join(header), rows, "raw_users", header, header)


def imdb_file(folder: Path, *rows: str, header: str = "title,genres,rating", name: str = "imdb.csv") -> DelimitedFile:
    columns = tuple(header.split(","))
    return _written(folder / name, header, rows, "raw_imdb_movies", columns, columns)


def latest_small(mirror: Path, folder: Path) -> dict[str, DelimitedFile]:
    """Raw table -> file of ml-latest-small, and the IMDb table of 2025."""
    layout = latest_layout(_unpacked(mirror, folder, "ml-latest-small"))
    return {file.table: file for file in (*layout, imdb_2025(mirror))}


def ml_100k(mirror: Path, folder: Path) -> dict[str, DelimitedFile]:
    layout = ml_100k_layout(_unpacked(mirror, folder, "ml-100k"))
    return {file.table: file for file in (*layout, imdb_2025(mirror))}


def imdb_2025(mirror: Path) -> DelimitedFile:
    return imdb.layout_2025(mirror / "imdb" / "imdb_movies_2025_cleaned.csv")


def imdb_5000(mirror: Path) -> DelimitedFile:
    """Three actors in three columns, an address instead of an identifier, `;` between fields."""
    return imdb.layout_5000(mirror / "imdb" / "movie_metadata.csv")


def _written(
    path: Path,
    first: str,
    rows: tuple[str, ...],
    table: str,
    columns: tuple[str | None, ...],
    header: tuple[str, ...],
) -> DelimitedFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((first, *rows)) + "\n", encoding="utf-8")
    return DelimitedFile(table, path, columns, header)


def _unpacked(mirror: Path, folder: Path, name: str) -> Path:
    with zipfile.ZipFile(mirror / "movielens" / f"{name}.zip") as archive:
        archive.extractall(folder)
    return folder / name
