"""What an asset of the tuner showed, kept for as long as nothing that it depends on has changed.

    stamp = hash of (machine, data version, code of the pipeline and of the tuner, settings of the asset)

A nightly run on the same machine, data and code would measure the same again, some minutes long. What was measured by
another stamp, or more than `days` ago (a machine may get busier), is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys_assets import loading, tuner
from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings
from recsys_assets.tuner.deployed import folder_of
from recsys_assets.tuner.real.probe import cores_at_hand
from recsys_assets.warehouse.lake import Lake

PACKAGES = (loading, tuner)
DAY = 86_400.0


@dataclass(frozen=True)
class Shown:
    """What an asset shows: figures, words and markdown by name."""

    figures: dict[str, float]
    words: dict[str, str]
    markdown: dict[str, str]


@dataclass(frozen=True)
class Kept:
    """Shown at `at`, seconds since 1970."""

    stamp: str
    at: float
    shown: Shown

    @property
    def told(self) -> str:
        """When, in words."""
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.at))
        return f"measured on {when}; machine, data, code and settings are as they were, so it was not measured again"


def machine() -> dict[str, str | int]:
    """What a measurement depends on."""
    import psutil

    return {
        "host": platform.node(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "cores": cores_at_hand(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }


def code_version() -> str:
    """Of all source files of the pipeline and of the tuner."""
    whole = hashlib.sha256()
    for package in PACKAGES:
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            whole.update(str(path.relative_to(folder)).encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def stamp_of(settings: Settings, asked: Mapping[str, Any], *, measures: bool = True) -> str:
    """`asked`: the asset's settings. `measures`: it depends on this machine and these data, and not on code alone."""
    parts: dict[str, Any] = {"code": code_version(), "seed": settings.seed, "asked": dict(asked)}
    if measures:
        parts |= {"machine": machine(), "ratings": Lake(settings.lake_dir).snapshot("ratings").version}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def read_kept(settings: Settings, asset: str, stamp: str, *, days: float) -> Kept | None:
    """What `asset` showed under this stamp, at most `days` ago; None where it has to be made anew."""
    path = _path(settings, asset)
    if not path.exists():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    found = Kept(stored["stamp"], stored["at"], Shown(**stored["shown"]))
    return found if found.stamp == stamp and 0 <= time.time() - found.at <= days * DAY else None


def keep(settings: Settings, asset: str, stamp: str, shown: Shown) -> None:
    """For the next run."""
    write_text(_path(settings, asset), json.dumps(asdict(Kept(stamp, time.time(), shown))))


def _path(settings: Settings, asset: str) -> Path:
    return folder_of(settings) / f"{asset}.shown.json"
