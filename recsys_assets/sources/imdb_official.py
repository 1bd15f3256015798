"""IMDb's own data sets for non-commercial use (https://developer.imdb.com/non-commercial-datasets/).

| file | rows in 2026, about | brings |
|---|---|---|
| `title.basics.tsv.gz` | 12 million | titles of every kind, years, genres |
| `title.ratings.tsv.gz` | 1.6 million | rating, votes |
| `title.crew.tsv.gz` | 12 million | directors |
| `title.principals.tsv.gz` | 90 million | actors |
| `name.basics.tsv.gz` | 14 million | names of the two |

Gzip, tab separated, nothing quoted, UTF-8, `\\N` for no value. All optional, without `title.basics` of no use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.errors import UnavailableError
from recsys_assets.sources.fetch import FetchedFile, PublishedFile, fetch
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified

PUBLISHER = "https://datasets.imdbws.com"
HOMEPAGE = "https://developer.imdb.com/non-commercial-datasets/"
LICENCE = (
    "IMDb non-commercial licence: personal and non-commercial use only, no redistribution; "
    "courtesy of IMDb (https://www.imdb.com), used with permission"
)


@dataclass(frozen=True)
class OfficialFile:
    """One published file: its header, and our names of the columns that are taken."""

    name: str
    table: str
    header: tuple[str, ...]
    ours: dict[str, str]
    needs: tuple[str, ...]
    """Files without which this one says nothing."""

    @property
    def published(self) -> PublishedFile:
        return PublishedFile("imdb", f"imdb/{self.name}", f"{PUBLISHER}/{self.name}", licence=LICENCE)

    def described(self, path: Path) -> DelimitedFile:
        columns = tuple(self.ours.get(name) for name in self.header)
        return DelimitedFile(self.table, path, columns, self.header, delimiter="\t", quote="", null="\\N")


BASICS, NAMES = "title.basics.tsv.gz", "name.basics.tsv.gz"

OFFICIAL_FILES = (
    OfficialFile(
        BASICS,
        "raw_title_basics",
        (
            "tconst",
            "titleType",
            "primaryTitle",
            "originalTitle",
            "isAdult",
            "startYear",
            "endYear",
            "runtimeMinutes",
            "genres",
        ),
        {
            "tconst": "imdb_id",
            "titleType": "kind",
            "primaryTitle": "title",
            "originalTitle": "original_title",
            "startYear": "year",
            "genres": "genres",
        },
        needs=(),
    ),
    OfficialFile(
        "title.ratings.tsv.gz",
        "raw_title_ratings",
        ("tconst", "averageRating", "numVotes"),
        {"tconst": "imdb_id", "averageRating": "rating", "numVotes": "votes"},
        needs=(BASICS,),
    ),
    OfficialFile(
        "title.crew.tsv.gz",
        "raw_title_crew",
        ("tconst", "directors", "writers"),
        {"tconst": "imdb_id", "directors": "directors"},
        needs=(BASICS, NAMES),
    ),
    OfficialFile(
        "title.principals.tsv.gz",
        "raw_title_principals",
        ("tconst", "ordering", "nconst", "category", "job", "characters"),
        {"tconst": "imdb_id", "ordering": "ordering", "nconst": "person_id", "category": "category"},
        needs=(BASICS, NAMES),
    ),
    OfficialFile(
        NAMES,
        "raw_name_basics",
        ("nconst", "primaryName", "birthYear", "deathYear", "primaryProfession", "knownForTitles"),
        {"nconst": "person_id", "primaryName": "name"},
        needs=(BASICS,),
    ),
)


def official_tables(settings: Settings, *, progress: Progress = silent) -> DatasetFiles:
    """Those that `data/raw/imdb/` or the mirror has, and where `settings.imdb_official` is set the publisher.

    Nothing at all, and no word of it, where none is there and none was asked for. A network failure is raised.
    """
    here = [f.name for f in OFFICIAL_FILES if f.published.target(settings).exists()]
    fetched: dict[str, FetchedFile] = {}
    for file in OFFICIAL_FILES:
        unasked = file.name == BASICS and not here and not settings.imdb_official
        try:
            fetched[file.name] = fetch(
                _as_asked_for(file, settings), settings, progress=silent if unasked else progress
            )
        except UnavailableError:
            if file.name == BASICS:
                break
    usable = [f for f in OFFICIAL_FILES if all(name in fetched for name in (f.name, *f.needs))]
    return DatasetFiles(
        "imdb",
        tuple(verified(f.described(fetched[f.name].path)) for f in usable),
        {f.name: fetched[f.name].sha256 for f in usable},
        tuple(_notes(set(fetched), settings)) if fetched or here or settings.imdb_official else (),
    )


def _as_asked_for(file: OfficialFile, settings: Settings) -> PublishedFile:
    """1.6 GB are not downloaded unasked."""
    published = file.published
    return published if settings.imdb_official else replace(published, url=None)


def _notes(found: set[str], settings: Settings) -> Iterator[str]:
    for file in OFFICIAL_FILES:
        lacking = [name for name in (file.name, *file.needs) if name not in found]
        if lacking:
            yield (
                f"{file.name} is not used: there is no {', '.join(lacking)}. Put it into "
                f"{settings.raw_dir / 'imdb'}, or set RECSYS_IMDB_OFFICIAL=true to download it from {PUBLISHER}"
            )
