"""The Movies Dataset (Kaggle, rounakbanik): MovieLens ratings of 45,000 movies with TMDb's metadata, cast and keywords.

There is no public address: Kaggle asks for a login. Files come from the mirror, or lie in `data/raw/<dataset>/`, each
by itself or all in Kaggle's zip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.archive import unpack
from recsys_assets.sources.errors import UnavailableError
from recsys_assets.sources.fetch import PublishedFile, fetch, origin_of
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified

HOMEPAGE = "https://www.kaggle.com/datasets/rounakbanik/the-movies-dataset"
LICENCE = (
    "CC0 as Kaggle states for the set as a whole; its ratings are MovieLens's (no commercial use without GroupLens's "
    "permission), its metadata TMDb's (not endorsed or certified by TMDb)"
)
MIRROR_FOLDER = "the-movies-dataset"
ARCHIVES = ("the-movies-dataset.zip", "archive.zip")
"""What Kaggle calls the download."""

METADATA = ("movies_metadata.csv", "credits.csv", "keywords.csv")


@dataclass(frozen=True)
class Edition:
    """One of the two sets of ratings; metadata are the same."""

    ratings: str
    links: tuple[str, ...]
    """The first of these that is there."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every file that may be used."""
        return (self.ratings, *self.links, *METADATA)


EDITIONS = {
    "movies-dataset": Edition("ratings.csv", ("links.csv",)),
    "movies-dataset-small": Edition("ratings_small.csv", ("links_small.csv", "links.csv")),
}


def load(name: str, settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """Find and describe the files of one of `EDITIONS`. Raises UnavailableError: which files lack, and the ways out."""
    edition = EDITIONS[name]
    found, digests = _found(name, edition, settings, progress)
    links = next((link for link in edition.links if link in found), None)
    missing = [f for f in (edition.ratings, *METADATA) if f not in found] + ([] if links else [edition.links[-1]])
    if missing or links is None:
        raise UnavailableError(_no_way(name, missing, settings))
    files = layout({**found, "ratings.csv": found[edition.ratings], "links.csv": found[links]})
    return DatasetFiles(name, tuple(verified(file) for file in files), digests)


def published_file(name: str, file: str) -> PublishedFile:
    """One file of a data set of `EDITIONS`."""
    return PublishedFile(name, f"{MIRROR_FOLDER}/{file}", licence=LICENCE)


def origin(name: str, settings: Settings) -> str:
    """Where the files come from when they are asked for next, in words."""
    if any(published_file(name, archive).target(settings).exists() for archive in ARCHIVES):
        return "on disk"
    found = origin_of(published_file(name, EDITIONS[name].ratings), settings)
    by_hand = f"{HOMEPAGE}, by hand into {settings.raw_dir / name}"
    return found if found == "on disk" else f"{found}, else {by_hand}" if found else by_hand


def layout(paths: dict[str, Path]) -> tuple[DelimitedFile, ...]:
    """`links.csv` is handed over twice: it is the only list of movies, whose titles are TMDb's."""
    ratings = ("userId", "movieId", "rating", "timestamp")
    links = ("movieId", "imdbId", "tmdbId")
    return (
        DelimitedFile("raw_ratings", paths["ratings.csv"], ("user_id", "movie_id", "rating", "timestamp"), ratings),
        DelimitedFile("raw_movies", paths["links.csv"], ("movie_id", None, None), links),
        DelimitedFile("raw_links", paths["links.csv"], ("movie_id", "imdb_id", "tmdb_id"), links),
        DelimitedFile(
            "raw_tmdb_movies",
            paths["movies_metadata.csv"],
            tuple(_METADATA_COLUMNS.get(name) for name in _METADATA_HEADER),
            _METADATA_HEADER,
        ),
        DelimitedFile("raw_credits", paths["credits.csv"], ("cast", "crew", "tmdb_id"), ("cast", "crew", "id")),
        DelimitedFile("raw_keywords", paths["keywords.csv"], ("tmdb_id", "keywords"), ("id", "keywords")),
    )


def _found(
    name: str, edition: Edition, settings: Settings, progress: Progress
) -> tuple[dict[str, Path], dict[str, str]]:
    """Paths by published name, and the sha256 of what came. A file of its own goes before the same in a zip."""
    paths: dict[str, Path] = {}
    digests: dict[str, str] = {}
    for archive in (published_file(name, a) for a in ARCHIVES):
        if archive.target(settings).exists():
            fetched = fetch(archive, settings, progress=progress)
            digests[archive.name] = fetched.sha256
            folder = unpack(fetched.path, sha256=fetched.sha256, members=(), optional=edition.names, progress=progress)
            paths |= {file: folder / file for file in edition.names if (folder / file).is_file()}
    for file in (published_file(name, f) for f in edition.names):
        if file.name in paths and not file.target(settings).exists():
            continue
        try:
            fetched = fetch(file, settings, progress=progress)
        except UnavailableError:
            continue  # the caller names all that lack at once
        paths[file.name], digests[file.name] = fetched.path, fetched.sha256
    return paths, digests


def _no_way(name: str, missing: list[str], settings: Settings) -> str:
    return (
        f"{name} needs {', '.join(missing)}, which neither {settings.raw_dir / name} nor the mirror "
        f"({settings.data_mirror or 'RECSYS_DATA_MIRROR is not set'}) has. Ways out: (1) download The Movies Dataset "
        f"from {HOMEPAGE} (a Kaggle login is needed) and put {ARCHIVES[1]}, or the files in it, into "
        f"{settings.raw_dir / name}; (2) set RECSYS_DATA_MIRROR to a folder or address that holds {MIRROR_FOLDER}/"
    )


_METADATA_COLUMNS = {
    "id": "tmdb_id",
    "title": "title",
    "original_title": "original_title",
    "imdb_id": "imdb_id",
    "release_date": "release_date",
    "genres": "genres",
    "overview": "overview",
    "vote_count": "vote_count",
    "vote_average": "vote_average",
}
"""Published name -> ours; the others are not taken."""

_METADATA_HEADER = tuple(
    """adult belongs_to_collection budget genres homepage id imdb_id original_language original_title overview
    popularity poster_path production_companies production_countries release_date revenue runtime spoken_languages
    status tagline title video vote_average vote_count""".split()  # noqa: SIM905 (24 quoted names are no easier to read)
)
