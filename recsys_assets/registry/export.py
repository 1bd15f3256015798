"""Champions as directories: what serving loads, without MLflow.

`models/champion/<dataset>/<model>` is a link to `.versions/<model>/<version>/`, switched in one step; a reader that
resolved the old link keeps a whole old directory. `default.json` names the model that answers when none is named.
"""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from recsys_assets.atomic import atomic_directory, point_to, write_text
from recsys_assets.recommenders import ModelError
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry.audit import append_entry, entry_of, this_person
from recsys_assets.registry.records import ModelVersion, NotRegisteredError, RegistryError
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings

KEPT_EXPORTS = 5
LOCK_SECONDS = 120
PROMOTED_TAG = "promoted_at"
WITHDRAWN_TAG = "withdrawn_at"
"""Of a version that a rollback left for an older one: no later rollback chooses it by itself."""


@dataclass(frozen=True)
class Champion:
    """An exported champion."""

    model: str
    version: int
    path: Path
    manifest: dict[str, Any]
    """`data_version`, `ratings_version`, `split_version`, config and checksums."""


def promote(
    registry: Registry,
    model: str,
    version: int,
    *,
    by: str = "",
    why: str = "",
    figures: dict[str, float] | None = None,
) -> Path:
    """Give `version` the alias `champion` and export it for serving; returns the link. Repeating it changes nothing.

    `by`, `why` and `figures` go into the audit trail and the version's tags.
    """
    with one_at_a_time(registry.settings):
        found, before = registry.version(model, version), registry.find(model, "champion")
        link = _promote(registry, found)
        entry = entry_of(
            "promoted",
            found,
            None if before and before.version == version else before,
            by=by or this_person(),
            why=why or "chosen by hand",
            figures=figures,
            batches=new_batches(registry, found, before),
        )
        if append_entry(registry.settings, entry):
            registry.set_tag(model, version, "promoted_by", entry.by)
            registry.set_tag(model, version, "promoted_why", entry.why)
        withdraw_challenger(registry.settings, model, version)
        return link


def rollback(
    registry: Registry, model: str, version: int | None = None, *, by: str = "", why: str = ""
) -> ModelVersion:
    """Make `version`, or the champion before today's, the champion again. Repeated, it goes further back."""
    with one_at_a_time(registry.settings):
        champion = registry.version(model, "champion")
        chosen = _before(registry, champion) if version is None else registry.version(model, version)
        back = version is None or chosen.version < champion.version
        _promote(registry, chosen, withdrawn=champion if back and chosen.version != champion.version else None)
        if chosen.version != champion.version:
            entry = entry_of("rolled_back", chosen, champion, by=by or this_person(), why=why or "rolled back by hand")
            append_entry(registry.settings, entry)
            registry.set_tag(model, champion.version, "withdrawn_by", entry.by)
        return registry.version(model, chosen.version)


def export_challenger(registry: Registry, challenger: ModelVersion) -> Path:
    """Put a challenger that stays one where it can be scored beside the champion; the link to it."""
    home, model = registry.settings.challenger_dir, challenger.model
    exported = home / ".versions" / model / str(challenger.version)
    with one_at_a_time(registry.settings):
        _export(registry, challenger, exported)
        point_to(home / model, exported)
        for old in (p for p in exported.parent.iterdir() if p != exported):
            shutil.rmtree(old, ignore_errors=True)
    return home / model


def withdraw_challenger(settings: Settings, model: str, version: int) -> None:
    """Version `version` is the champion now: it has nothing left to be compared with."""
    link = settings.challenger_dir / model
    if link.is_symlink() and link.resolve().name == str(version):
        link.unlink()


def challengers(settings: Settings) -> dict[str, Path]:
    """Model -> export of its challenger, where one stands beside a champion."""
    folder = settings.challenger_dir
    found = sorted(p for p in folder.iterdir() if p.is_symlink()) if folder.is_dir() else []
    return {link.name: link.resolve() for link in found}


def new_batches(registry: Registry, version: ModelVersion, before: ModelVersion | None) -> list[str]:
    """Batches of feedback that `version` has seen and `before` had not."""
    old = set(registry.batches_seen(before)) if before and before.version != version.version else set()
    return [batch for batch in registry.batches_seen(version) if batch not in old]


def write_default(settings: Settings, model: str, reason: str) -> None:
    """Name the model that answers when none is named."""
    write_text(settings.champion_dir / "default.json", json.dumps({"model": model, "reason": reason}, indent=1))


def champion_path(settings: Settings, model: str | None = None) -> Path:
    """The exported champion `model`, or the default one."""
    if model is None:
        default = settings.champion_dir / "default.json"
        model = json.loads(default.read_text(encoding="utf-8"))["model"] if default.exists() else ""
    exported = _links(settings)
    if model not in exported:
        raise NotRegisteredError(
            f"{settings.dataset} has no champion {model!r}; champions are {', '.join(exported)}"
            if exported and model
            else f"{settings.dataset} has no champion yet; run `recsys materialize --dataset {settings.dataset}`"
        )
    return exported[model].resolve()


def champions(settings: Settings) -> list[Champion]:
    """What is exported, by model name."""
    exported = [(name, link.resolve()) for name, link in _links(settings).items()]
    return [Champion(name, int(path.name), path, read_manifest(path)) for name, path in exported]


def _links(settings: Settings) -> dict[str, Path]:
    """Model -> its link; a name that leads anywhere else (`default.json`, `../x`) is no champion."""
    if not settings.champion_dir.is_dir():
        return {}
    found = (p for p in settings.champion_dir.iterdir() if p.is_symlink() and not p.name.startswith("."))
    return {link.name: link for link in sorted(found)}


def one_at_a_time(settings: Settings) -> FileLock:
    """Held by whoever changes a champion of the data set, or the default: alias, tags and link move together."""
    settings.champion_dir.mkdir(parents=True, exist_ok=True)
    return FileLock(settings.champion_dir / ".promotion.lock", timeout=LOCK_SECONDS)


def _promote(registry: Registry, found: ModelVersion, *, withdrawn: ModelVersion | None = None) -> Path:
    """Export first: where that fails, alias and tags stay as they were."""
    home, model = registry.settings.champion_dir, found.model
    exported = home / ".versions" / model / str(found.version)
    _export(registry, found, exported)
    if withdrawn is not None:
        registry.set_tag(model, withdrawn.version, WITHDRAWN_TAG, datetime.now(UTC).isoformat())
    if found.tags.get(WITHDRAWN_TAG):
        registry.set_tag(model, found.version, WITHDRAWN_TAG, "")
    champion = registry.find(model, "champion")
    if champion is None or champion.version != found.version or not champion.tags.get(PROMOTED_TAG):
        registry.set_tag(model, found.version, PROMOTED_TAG, datetime.now(UTC).isoformat())
        registry.set_alias(model, "champion", found.version)
    point_to(home / model, exported)
    _forget_old(exported.parent, keep=found.version)
    return home / model


def _export(registry: Registry, found: ModelVersion, exported: Path) -> None:
    """Copy the version's `serving` export, unless it is there. What else is there is damaged, or of a version that had
    this number in a store since deleted: it is replaced.
    """
    source = registry.artifact(found.model, found.version, part="serving")
    if _holds(exported, read_manifest(source)):
        return
    with atomic_directory(exported) as aside:
        shutil.copytree(source, aside, dirs_exist_ok=True)
        if exported.exists():
            exported.rename(exported.with_name(f".{exported.name}.{uuid.uuid4().hex}.part"))


def _holds(exported: Path, manifest: dict[str, Any]) -> bool:
    try:
        return read_manifest(exported) == manifest
    except (ModelError, OSError):
        return False


def _before(registry: Registry, champion: ModelVersion) -> ModelVersion:
    """The champion before this one that no rollback has left."""
    promoted = champion.tags.get(PROMOTED_TAG) or datetime.now(UTC).isoformat()  # untagged: the alias was set by hand
    earlier = [
        v
        for v in registry.versions(champion.model)
        if not v.tags.get(WITHDRAWN_TAG) and "" < v.tags.get(PROMOTED_TAG, "") < promoted
    ]
    if not earlier:
        raise RegistryError(
            f"{champion.model} has had no champion before version {champion.version}; name one: see `recsys models`"
        )
    return max(earlier, key=lambda v: v.tags[PROMOTED_TAG])


def _forget_old(folder: Path, *, keep: int) -> None:
    """Drop all but the newest exports, and what a killed one left; the one served stays whatever its number."""
    for left in folder.glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)
    versions = sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: -int(p.name))
    for old in [p for p in versions if int(p.name) != keep][KEPT_EXPORTS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
