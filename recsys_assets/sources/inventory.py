"""What there is to recommend from: where it would come from, and what of it is on disk."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.settings import Settings
from recsys_assets.sources import imdb, imdb_official, movies_dataset, own
from recsys_assets.sources.datasets import COMPANION, Dataset, is_own, known_datasets
from recsys_assets.sources.fetch import origin_of
from recsys_assets.sources.movielens import EDITIONS


@dataclass(frozen=True)
class DatasetStatus:
    """A data set in this deployment."""

    dataset: Dataset
    origin: str
    """Where its files come from when they are asked for next."""
    bytes_on_disk: int
    """Of `data/raw/<dataset>/`, archives and unpacked files together, or of one's own files; 0 where there are none."""


def inventory(settings: Settings) -> list[DatasetStatus]:
    """Every data set in the order they are declared, one's own, IMDb. Asks nobody: an address is named, not tried."""
    listed = (*known_datasets(settings).values(), COMPANION)
    return [DatasetStatus(d, _origin(d.name, settings), _bytes(d.name, settings)) for d in listed]


def _origin(name: str, settings: Settings) -> str:
    if name == COMPANION.name:
        return _imdb_origin(settings)
    if is_own(name, settings):
        return own.origin(name, settings)
    if name in movies_dataset.EDITIONS:
        return movies_dataset.origin(name, settings)
    if name not in EDITIONS:
        return "generated here"
    return origin_of(EDITIONS[name].archive, settings) or "no address"


def _imdb_origin(settings: Settings) -> str:
    files = [t.file for t in imdb.IMDB_TABLES] + [f.published for f in imdb_official.OFFICIAL_FILES]
    here = [f.name for f in files if f.target(settings).exists()]
    places = [f"{settings.data_mirror.rstrip('/')}/imdb"] if settings.data_mirror else []
    places.append(f"{imdb_official.PUBLISHER} {'' if settings.imdb_official else 'with RECSYS_IMDB_OFFICIAL=true'}")
    others = ", else ".join(place.strip() for place in places)
    return f"on disk: {', '.join(here)}; others: {others}" if here else others


def _bytes(name: str, settings: Settings) -> int:
    if is_own(name, settings):
        return own.bytes_of(name, settings)
    folder = settings.raw_dir / name
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
