"""An IMDb table of titles, genres, ratings and plots; optional beside MovieLens, which has no plots."""

from __future__ import annotations

from pathlib import Path

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.errors import UnavailableError
from recsys_assets.sources.fetch import PublishedFile, fetch
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified

IMDB_2025 = PublishedFile("imdb", "imdb/imdb_movies_2025_cleaned.csv")
"""7,840 titles; it has no stable public address."""


def imdb_2025(settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """The table where the mirror or `data/raw/imdb/` has it, else no file and a note that says how to get it.

    A network failure is raised, not noted: a mirror's hiccup must not silently cost the catalogue its plots.
    """
    try:
        fetched = fetch(IMDB_2025, settings, progress=progress)
    except UnavailableError:
        note = (
            f"no plots or IMDb ratings: {IMDB_2025.name} (columns movie_name, genre, rating, description) is not here. "
            f"Put it at {IMDB_2025.target(settings)}, or set RECSYS_DATA_MIRROR to a folder or address that holds "
            f"{IMDB_2025.relative}"
        )
        progress(note)
        return DatasetFiles("imdb", (), notes=(note,))
    return DatasetFiles("imdb", (verified(layout(fetched.path)),), {IMDB_2025.name: fetched.sha256})


def layout(path: Path) -> DelimitedFile:
    """Genres stay as published: one text, separated by `, `."""
    return DelimitedFile(
        "raw_imdb_movies",
        path,
        ("title", "genres", "rating", "description"),
        ("movie_name", "genre", "rating", "description"),
    )
