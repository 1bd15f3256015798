"""Which models were trained on a data set's tables; kept beside its reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings


@dataclass(frozen=True)
class TrainedModel:
    """A registered version of a model, as the site shows it."""

    model: str
    version: int
    aliases: tuple[str, ...]
    data_version: str
    """Of the ratings and catalogue it was fitted on."""
    trained_at: str
    """ISO 8601, UTC."""
    figures: Mapping[str, float]


def write_lineage(settings: Settings, models: Iterable[TrainedModel]) -> Path:
    """Replace what is known of the models trained on the data set."""
    path = _path(settings)
    write_text(path, json.dumps([asdict(model) for model in models], indent=1))
    return path


def read_lineage(settings: Settings) -> list[TrainedModel]:
    """Models trained on the data set; empty where none was, or where the file can't be read."""
    try:
        stored = json.loads(_path(settings).read_text(encoding="utf-8"))
        return [TrainedModel(**{**model, "aliases": tuple(model["aliases"])}) for model in stored]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _path(settings: Settings) -> Path:
    return settings.quality_dir / settings.dataset / "lineage.json"
