"""MovieLens (Harper and Konstan, TiiS 2015) as GroupLens publishes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.archive import unpack
from recsys_assets.sources.fetch import PublishedFile, fetch
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified

PUBLISHER = "https://files.grouplens.org/datasets/movielens"
LICENCE = (
    "GroupLens research licence: research and teaching, no redistribution without permission, no commercial use "
    "without permission; cite Harper and Konstan, TiiS 5(4), 2015"
)

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


LATEST_MEMBERS = ("ratings.csv", "movies.csv", "links.csv", "tags.csv")
GENOME_MEMBERS = ("genome-scores.csv", "genome-tags.csv")
"""The tag genome (Vig, Sen and Riedl, TiiS 2(3), 2012), which 20m, 25m and latest have and 32m has not."""


def archive_of(name: str, *, md5: str | None = None) -> PublishedFile:
    """The published zip of one MovieLens data set."""
    return PublishedFile(name, f"movielens/{name}.zip", f"{PUBLISHER}/{name}.zip", md5=md5, licence=LICENCE)


@dataclass(frozen=True)
class Edition:
    """One MovieLens data set: its archive, the files wanted of it, and how they are laid out."""

    archive: PublishedFile
    members: tuple[str, ...]
    layout: Callable[[Path], tuple[DelimitedFile, ...]]
    folder: str
    """Inside the archive; not always the archive's name."""

    @classmethod
    def of(
        cls,
        name: str,
        members: tuple[str, ...],
        layout: Callable[[Path], tuple[DelimitedFile, ...]],
        *,
        folder: str | None = None,
        md5: str | None = None,
    ) -> Self:
        return cls(archive_of(name, md5=md5), members, layout, folder or name)


def load(name: str, settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """Fetch, unpack and describe one edition of `EDITIONS`."""
    edition = EDITIONS[name]
    fetched = fetch(edition.archive, settings, progress=progress)
    wanted, optional = ([f"{edition.folder}/{m}" for m in members] for members in (edition.members, GENOME_MEMBERS))
    unpacked = unpack(fetched.path, sha256=fetched.sha256, members=wanted, optional=optional, progress=progress)
    folder = unpacked / edition.folder
    files = tuple(verified(file) for file in edition.layout(folder))
    return DatasetFiles(name, files, {edition.archive.name: fetched.sha256})


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
    ) + genome_layout(folder)


def genome_layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """Empty where the archive lacks one of the two: scores without names, or names without scores, say nothing."""
    scores, tags = (folder / member for member in GENOME_MEMBERS)
    if not (scores.exists() and tags.exists()):
        return ()
    return (
        DelimitedFile(
            "raw_genome_scores", scores, ("movie_id", "tag_id", "relevance"), ("movieId", "tagId", "relevance")
        ),
        DelimitedFile("raw_genome_tags", tags, ("tag_id", "tag"), ("tagId", "tag")),
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


def double_colon_layout(
    folder: Path, *, encoding: str, others: tuple[DelimitedFile, ...] = ()
) -> tuple[DelimitedFile, ...]:
    """The layout of 1m and 10m: fields separated by `::`, no headers, no quotes."""
    return (
        _double_colon("raw_ratings", folder / "ratings.dat", ("user_id", "movie_id", "rating", "timestamp"), encoding),
        _double_colon("raw_movies", folder / "movies.dat", ("movie_id", "title", "genres"), encoding),
        *others,
    )


def ml_1m_layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """Latin-1; an age is the lower end of its bracket (1: under 18), an occupation a number of the README's list."""
    columns = ("user_id", "gender", "age", "occupation", "zip_code")
    users = _double_colon("raw_users", folder / "users.dat", columns, "latin-1")
    return double_colon_layout(folder, encoding="latin-1", others=(users,))


def ml_10m_layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """UTF-8, half stars, tags, no demographics."""
    columns = ("user_id", "movie_id", "tag", "timestamp")
    tags = _double_colon("raw_tags", folder / "tags.dat", columns, "utf-8")
    return double_colon_layout(folder, encoding="utf-8", others=(tags,))


def _double_colon(table: str, path: Path, columns: tuple[str, ...], encoding: str) -> DelimitedFile:
    return DelimitedFile(table, path, columns, delimiter="::", quote="", encoding=encoding)


EDITIONS: dict[str, Edition] = {
    edition.archive.dataset: edition
    for edition in (
        Edition.of("ml-latest-small", LATEST_MEMBERS, latest_layout),
        Edition.of("ml-100k", ("u.data", "u.item", "u.user"), ml_100k_layout, md5="0e33842e24a9c977be4e0107933c0723"),
        Edition.of("ml-1m", ("ratings.dat", "movies.dat", "users.dat"), ml_1m_layout),
        Edition.of("ml-10m", ("ratings.dat", "movies.dat", "tags.dat"), ml_10m_layout, folder="ml-10M100K"),
        Edition.of("ml-20m", LATEST_MEMBERS, latest_layout),
        Edition.of("ml-25m", LATEST_MEMBERS, latest_layout),
        Edition.of("ml-32m", LATEST_MEMBERS, latest_layout),
        Edition.of("ml-latest", LATEST_MEMBERS, latest_layout),
    )
}
"""By name. Without a pinned md5 the publisher's own `<archive>.md5` is asked for."""
