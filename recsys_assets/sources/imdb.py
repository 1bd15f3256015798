"""IMDb tables beside MovieLens, which has neither people nor plots. Optional: neither has a stable public address.

| file | titles | brings |
|---|---|---|
| `imdb_movies_2025_cleaned.csv` | 7,840 films of 2025 | sub-genres, rating, plot |
| `movie_metadata.csv` | 5,043 films until 2016 | director, actors, keywords, rating, votes, identifier |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.errors import UnavailableError
from recsys_assets.sources.fetch import PublishedFile, fetch
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified
from recsys_assets.sources.imdb_official import LICENCE


def layout_2025(path: Path) -> DelimitedFile:
    """Genres stay as published: one text, separated by `, `."""
    return DelimitedFile(
        "raw_imdb_movies",
        path,
        ("title", "genres", "rating", "description"),
        ("movie_name", "genre", "rating", "description"),
    )


def layout_5000(path: Path) -> DelimitedFile:
    """Three actors in three columns, an address instead of an identifier, `;` between fields."""
    columns = tuple(_COLUMNS_5000.get(name) for name in _HEADER_5000)
    return DelimitedFile("raw_imdb_movies", path, columns, _HEADER_5000, delimiter=";")


@dataclass(frozen=True)
class ImdbTable:
    """An optional table: its file, its layout, and what is missed without it."""

    file: PublishedFile
    layout: Callable[[Path], DelimitedFile]
    brings: str


def _published(name: str) -> PublishedFile:
    return PublishedFile("imdb", f"imdb/{name}", licence=LICENCE)


IMDB_TABLES = (
    ImdbTable(_published("imdb_movies_2025_cleaned.csv"), layout_2025, "plots of films of 2025"),
    ImdbTable(_published("movie_metadata.csv"), layout_5000, "directors, actors, keywords and IMDb ratings"),
)


def imdb_tables(settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """The tables that the mirror or `data/raw/imdb/` has; for each other a note that says how to get it.

    A network failure is raised, not noted: a mirror's hiccup must not silently cost the catalogue its people.
    """
    files: list[DelimitedFile] = []
    digests: dict[str, str] = {}
    notes: list[str] = []
    for table in IMDB_TABLES:
        try:
            fetched = fetch(table.file, settings, progress=progress)
        except UnavailableError:
            notes.append(_missing(table, settings))
            progress(notes[-1])
            continue
        files.append(verified(table.layout(fetched.path)))
        digests[table.file.name] = fetched.sha256
    return DatasetFiles("imdb", tuple(files), digests, tuple(notes))


def _missing(table: ImdbTable, settings: Settings) -> str:
    return (
        f"no {table.brings}: {table.file.name} is not here. Put it at {table.file.target(settings)}, or set "
        f"RECSYS_DATA_MIRROR to a folder or address that holds {table.file.relative}"
    )


_COLUMNS_5000 = {
    "director_name": "director",
    "genres": "genres",
    "actor_1_name": "cast",
    "actor_2_name": "cast",
    "actor_3_name": "cast",
    "movie_title": "title",
    "num_voted_users": "votes",
    "plot_keywords": "keywords",
    "movie_imdb_link": "imdb_id",
    "title_year": "year",
    "imdb_score": "rating",
}
"""Published name -> ours; the others are not taken."""

_HEADER_5000 = tuple(
    """index color director_name num_critic_for_reviews duration director_facebook_likes actor_3_facebook_likes
    actor_2_name actor_1_facebook_likes gross genres actor_1_name movie_title num_voted_users
    cast_total_facebook_likes actor_3_name facenumber_in_poster plot_keywords movie_imdb_link num_user_for_reviews
    language country content_rating budget title_year actor_2_facebook_likes imdb_score aspect_ratio
    movie_facebook_likes""".split()  # noqa: SIM905 (29 quoted names are no easier to read)
)
