"""What serves: exported champions as their manifests tell, without loading or checking a model.

Checksums are verified where a model is loaded (the API); here a folder of hundreds of megabytes is only described.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from pathlib import Path
from typing import Any

from recsys_assets.settings import Settings

LEARNED = "state."
"""Arrays of a model's own; the others hold ids and histories."""
NOT_WEIGHTS = (
    "curves.", "validation", "rule.", "cold.", "indptr", "indices", "shape",
    "policy.format", "policy.layout", "policy.layers", "policy.shortlist", "policy.name",
)  # fmt: skip
"""Of a model's own, but no parameters: how training went, and where values of a sparse matrix stand."""


@dataclass(frozen=True)
class Champion:
    """One exported model."""

    model: str
    version: int
    path: Path
    data_version: str
    exported_at: datetime
    bytes: int
    config: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        """Learned numbers."""
        return sum(prod(shape) for name, shape in self.shapes.items() if is_weight(name))


def settings_in_words(config: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Name and value of each setting; one that has settings of its own gives theirs, under both names."""
    found = []
    for name, value in config.items():
        whole = f"{above}{name}"
        found += settings_in_words(value, f"{whole}.") if isinstance(value, Mapping) else [(whole, _in_words(value))]
    return found


@dataclass(frozen=True)
class Default:
    """Who answers when nobody is named."""

    model: str
    reason: str


def champions(settings: Settings) -> list[Champion]:
    """By name; a link whose manifest can't be read is left out."""
    home = settings.champion_dir
    links = sorted(p for p in home.iterdir() if p.is_symlink()) if home.is_dir() else []
    return [found for link in links if (found := _champion(link)) is not None]


def default_champion(settings: Settings) -> Default | None:
    try:
        stored = json.loads((settings.champion_dir / "default.json").read_text(encoding="utf-8"))
        return Default(str(stored["model"]), str(stored["reason"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_weight(array: str) -> bool:
    """Whether an array of an export holds what was learned."""
    own = array.removeprefix(LEARNED)
    return array.startswith(LEARNED) and not any(part in own for part in NOT_WEIGHTS)


def _in_words(value: object) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _champion(link: Path) -> Champion | None:
    path = link.resolve()
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        return Champion(
            model=link.name,
            version=int(path.name),
            path=path,
            data_version=str(manifest.get("data_version", "")),
            exported_at=datetime.fromtimestamp((path / "manifest.json").stat().st_mtime, UTC),
            bytes=sum(p.stat().st_size for p in path.iterdir()),
            config=dict(manifest["config"]),
            shapes={name: tuple(shape) for name, shape in manifest["shapes"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
