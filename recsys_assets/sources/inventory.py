"""What there is to recommend from: where it would come from, and what of it is on disk."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.settings import Settings
from recsys_assets.sources.datasets import DATASETS, Dataset
from recsys_assets.sources.movielens import EDITIONS


@dataclass(frozen=True)
class DatasetStatus:
    """A data set in this deployment."""

    dataset: Dataset
    origin: str
    """Where its files come from when they are asked for next."""
    bytes_on_disk: int
    """Of `data/raw/<dataset>/`, archives and unpacked files together; 0 where nothing is there."""


def inventory(settings: Settings) -> list[DatasetStatus]:
    """Every data set, in the order they are declared. Asks nobody: an address is named, not tried."""
    return [DatasetStatus(d, _origin(d.name, settings), _bytes(d.name, settings)) for d in DATASETS.values()]


def _origin(name: str, settings: Settings) -> str:
    if name not in EDITIONS:
        return "generated here"
    archive = EDITIONS[name].archive
    if archive.target(settings).exists():
        return "on disk"
    if settings.data_mirror:
        return f"{settings.data_mirror.rstrip('/')}/{archive.relative}, else {archive.url}"
    return archive.url or "no address"


def _bytes(name: str, settings: Settings) -> int:
    folder = settings.raw_dir / name
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
