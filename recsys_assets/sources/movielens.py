"""MovieLens (Harper and Konstan, TiiS 2015) as GroupLens publishes it."""

from __future__ import annotations

from pathlib import Path

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.archive import unpack
from recsys_assets.sources.fetch import PublishedFile, fetch
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified

PUBLISHER = "https://files.grouplens.org/datasets/movielens"

ML_100K_GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
"""Flags of u.item in file order, after the first, `unknown`."""


def archive_of(name: str, *, md5: str | None = None) -> PublishedFile:
    """The published zip of one MovieLens data set."""
    return PublishedFile(name, f"movielens/{name}.zip", f"{PUBLISHER}/{name}.zip", md5=md5)


ML_LATEST_SMALL = archive_of("ml-latest-small")
ML_100K = archive_of("ml-100k", md5="0e33842e24a9c977be4e0107933c0723")


def latest_small(settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """ml-latest-small: 100,836 ratings by 610 users of 9,742 movies, 1996-2018."""
    return _load(ML_LATEST_SMALL, ("ratings.csv", "movies.csv", "links.csv", "tags.csv"), settings, progress)


def ml_100k(settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """ml-100k: 100,000 ratings by 943 users of 1,682 movies, 1997-1998, with demographics."""
    return _load(ML_100K, ("u.data", "u.item", "u.user"), settings, progress)


def latest_layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """The layout of ml-latest and its kin (20m, 25m, 32m): comma separated with headers, UTF-8."""
    layouts: tuple[tuple[str, tuple[str, ...], tuple[str | None, ...]], ...] = (
        ("ratings", ("userId", "movieId", "rating", "timestamp"), ("user_id", "movie_id", "rating", "timestamp")),
        ("movies", ("movieId", "title", "genres"), ("movie_id", "title", "genres")),
        ("links", ("movieId", "imdbId", "tmdbId"), ("movie_id", "imdb_id", "tmdb_id")),
        ("tags", ("userId", "movieId", "tag", "timestamp"), ("user_id", "movie_id", "tag", "timestamp")),
    )
    return tuple(
        DelimitedFile(f"raw_{name}", folder / f"{name}.csv", columns, header) for name, header, columns in layouts
    )


def ml_100k_layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """The layout of ml-100k: no headers, no quotes, Latin-1; one flag column per genre."""
    flags = tuple(f"genre:{genre}" for genre in ML_100K_GENRES)
    item = ("movie_id", "title", "release_date", None, None, None, *flags)  # video date, address and `unknown` dropped
    return (
        DelimitedFile(
            "raw_ratings",
            folder / "u.data",
            ("user_id", "movie_id", "rating", "timestamp"),
            delimiter="\t",
            quote="",
            encoding="latin-1",
        ),
        DelimitedFile("raw_movies", folder / "u.item", item, delimiter="|", quote="", encoding="latin-1"),
        DelimitedFile(
            "raw_users",
            folder / "u.user",
            ("user_id", "age", "gender", "occupation", "zip_code"),
            delimiter="|",
            quote="",
            encoding="latin-1",
        ),
    )


def _load(file: PublishedFile, members: tuple[str, ...], settings: Settings, progress: Progress) -> DatasetFiles:
    name = file.dataset
    fetched = fetch(file, settings, progress=progress)
    wanted = [f"{name}/{member}" for member in members]
    folder = unpack(fetched.path, sha256=fetched.sha256, members=wanted, progress=progress) / name
    layout = ml_100k_layout(folder) if name == "ml-100k" else latest_layout(folder)
    return DatasetFiles(name, tuple(verified(f) for f in layout), {file.name: fetched.sha256})
