"""Champions as directories: what serving loads, without MLflow.

`models/champion/<dataset>/<model>` is a link to `.versions/<model>/<version>/`, switched in one step; a reader that
resolved the old link keeps a whole old directory. `default.json` names the model that answers when none is named.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsys_assets.atomic import atomic_directory, point_to, write_text
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry.registry import ModelVersion, NotRegisteredError, Registry, RegistryError
from recsys_assets.settings import Settings

KEPT_EXPORTS = 5
PROMOTED_TAG = "promoted_at"


@dataclass(frozen=True)
class Champion:
    """An exported champion."""

    model: str
    version: int
    path: Path
    manifest: dict[str, Any]
    """`data_version`, `ratings_version`, `split_version`, config and checksums."""


def promote(registry: Registry, model: str, version: int) -> Path:
    """Give `version` the alias `champion` and export it for serving; returns the link. Repeating it changes nothing."""
    found = registry.version(model, version)
    home = registry.settings.champion_dir
    exported = home / ".versions" / model / str(found.version)
    if not exported.exists():
        source = registry.artifact(model, found.version, part="serving")
        with atomic_directory(exported) as aside:
            shutil.copytree(source, aside, dirs_exist_ok=True)
    read_manifest(exported)
    champion = registry.find(model, "champion")
    if champion is None or champion.version != found.version:
        registry.set_tag(model, found.version, PROMOTED_TAG, datetime.now(UTC).isoformat())
        registry.set_alias(model, "champion", found.version)
    point_to(home / model, exported)
    _forget_old(exported.parent, keep=found.version)
    return home / model


def rollback(registry: Registry, model: str, version: int | None = None) -> ModelVersion:
    """Make `version`, or the champion before today's, the champion again."""
    champion = registry.version(model, "champion")
    if version is None:
        before = [v for v in registry.versions(model) if PROMOTED_TAG in v.tags and v.version != champion.version]
        earlier = [v for v in before if v.tags[PROMOTED_TAG] < champion.tags[PROMOTED_TAG]]
        if not earlier:
            raise RegistryError(
                f"{model} has had no champion before version {champion.version}; name one: see `recsys models`"
            )
        version = max(earlier, key=lambda v: v.tags[PROMOTED_TAG]).version
    promote(registry, model, version)
    return registry.version(model, version)


def write_default(settings: Settings, model: str, reason: str) -> None:
    """Name the model that answers when none is named."""
    write_text(settings.champion_dir / "default.json", json.dumps({"model": model, "reason": reason}, indent=1))


def champion_path(settings: Settings, model: str | None = None) -> Path:
    """The exported champion `model`, or the default one."""
    if model is None:
        default = settings.champion_dir / "default.json"
        model = json.loads(default.read_text(encoding="utf-8"))["model"] if default.exists() else ""
    path = settings.champion_dir / model
    if not model or not path.exists():
        known = [c.model for c in champions(settings)]
        raise NotRegisteredError(
            f"{settings.dataset} has no champion {model!r}; champions are {', '.join(known)}"
            if known and model
            else f"{settings.dataset} has no champion yet; run `recsys materialize --dataset {settings.dataset}`"
        )
    return path.resolve()


def champions(settings: Settings) -> list[Champion]:
    """What is exported, by model name."""
    if not settings.champion_dir.is_dir():
        return []
    links = sorted(p for p in settings.champion_dir.iterdir() if p.is_symlink() and not p.name.startswith("."))
    exported = [(link.name, link.resolve()) for link in links]
    return [Champion(name, int(path.name), path, read_manifest(path)) for name, path in exported]


def _forget_old(folder: Path, *, keep: int) -> None:
    """Drop all but the newest exports; the one served stays whatever its number."""
    versions = sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: -int(p.name))
    for old in [p for p in versions if int(p.name) != keep][KEPT_EXPORTS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
