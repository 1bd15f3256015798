"""The published data of one deployment, as the protocols take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import polars as pl

from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.snapshot import current_snapshot


@dataclass(frozen=True)
class Published:
    """Splits, catalogue and, where the data set has them, demographics of one moment."""

    dataset: str
    splits: pl.DataFrame
    catalogue: pl.DataFrame
    people: pl.DataFrame | None
    data_version: str
    split_version: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What was published last. Raises LakeError where nothing was."""
        lake = Lake(settings.lake_dir)
        snapshot, splits = current_snapshot(lake), lake.snapshot("splits")
        return cls(
            settings.dataset,
            lake.read("splits"),
            lake.read("catalogue"),
            lake.read("users") if "users" in snapshot.tables else None,
            snapshot.version,
            splits.version,
        )
