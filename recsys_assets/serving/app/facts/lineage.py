"""The version chain from files alone: which data made which model, with or without a running Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recsys_assets.serving.app.facts.champions import champions, default_champion
from recsys_assets.serving.app.facts.overview import data_version
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError

TABLES = ("ratings", "movies", "tags", "catalogue", "splits", "feedback")


@dataclass(frozen=True)
class Link:
    """One published thing."""

    what: str
    version: str
    rows: int | None
    published_at: datetime
    note: str


def chain(settings: Settings) -> list[Link]:
    """Tables, then the champion that answers; empty where nothing is published."""
    lake, found = Lake(settings.lake_dir), []
    for table in TABLES:
        try:
            snapshot = lake.snapshot(table)
        except LakeError:
            continue
        made_of = ", ".join(sorted(snapshot.upstream)) or "published files"
        found.append(Link(table, snapshot.version, snapshot.rows, snapshot.published_at, f"made of {made_of}"))
    default = default_champion(settings)
    for champion in champions(settings):
        if default and champion.model == default.model:
            old = "" if champion.data_version == data_version(settings) else ", which is not the newest"
            note = f"answers; fitted on data {champion.data_version[:8]}{old}"
            found.append(Link(f"champion {champion.model}", f"{champion.version}", None, champion.exported_at, note))
    return found
