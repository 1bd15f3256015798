"""What is installed, where things are, and what is stale: each a finding with a state and a remedy."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from recsys_assets.registry.export import champions
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, LakeError

PACKAGES = (
    "recsys_assets",
    "dagster",
    "dagster-webserver",
    "duckdb",
    "polars",
    "pandas",
    "scikit-learn",
    "scikit-surprise",
    "great-expectations",
    "mlflow",
)
STALE_AFTER = timedelta(hours=36)
LITTLE_DISK = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    subject: str
    state: Literal["ok", "missing", "stale", "broken"]
    detail: str


def examine(settings: Settings, *, now: datetime | None = None) -> list[Finding]:
    """Findings, from the ground up: Python, packages, folders, data, champions."""
    now = now or datetime.now(UTC)
    return [
        _python(),
        *(_package(name) for name in PACKAGES),
        *(_folder(name, path) for name, path in (("data", settings.data_dir), ("models", settings.models_dir))),
        Finding("Dagster instance", "ok", os.environ.get("DAGSTER_HOME", "set by `recsys` and `make`: .dagster/")),
        _mirror(settings),
        *_data(settings, now),
        *_champions(settings),
    ]


def _python() -> Finding:
    version = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", "ok" if good else "broken", version if good else f"{version}; 3.11-3.13 is needed")


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "broken", "not installed; run `make install`")


def _folder(name: str, path: Path) -> Finding:
    there = path if path.exists() else path.parent
    if not os.access(there, os.W_OK):
        return Finding(f"{name} folder", "broken", f"{path} can't be written; set RECSYS_{name.upper()}_DIR")
    free = shutil.disk_usage(there).free
    state: Literal["ok", "broken"] = "ok" if free > LITTLE_DISK else "broken"
    return Finding(f"{name} folder", state, f"{path}, {free / 1024**3:.0f} GiB free")


def _mirror(settings: Settings) -> Finding:
    mirror = settings.data_mirror
    if mirror is None:
        return Finding("data mirror", "ok", "none set; real data comes from its publisher")
    if "://" not in mirror and not Path(mirror.removeprefix("file:")).is_dir():
        return Finding("data mirror", "broken", f"RECSYS_DATA_MIRROR={mirror} is not a folder")
    return Finding("data mirror", "ok", mirror)


def _data(settings: Settings, now: datetime) -> list[Finding]:
    lake, remedy = Lake(settings.lake_dir), f"run `recsys materialize --dataset {settings.dataset}`"
    findings = []
    for table in ("ratings", "catalogue", "splits"):
        subject = f"{settings.dataset}: {table}"
        try:
            snapshot = lake.snapshot(table)
        except LakeError:
            findings.append(Finding(subject, "missing", f"never published; {remedy}"))
            continue
        age = now - snapshot.published_at
        stale = age > STALE_AFTER
        detail = f"{snapshot.rows:,} rows, version {snapshot.version}, published {age.total_seconds() / 3600:.1f} h ago"
        findings.append(Finding(subject, "stale" if stale else "ok", f"{detail}; {remedy}" if stale else detail))
    return findings


def _champions(settings: Settings) -> list[Finding]:
    exported = champions(settings)
    if not exported:
        return [Finding(f"{settings.dataset}: champions", "missing", "none exported yet")]
    try:
        current = Lake(settings.lake_dir).snapshot("ratings").version
    except LakeError:
        current = None
    findings = []
    for champion in exported:
        fitted_on = champion.manifest.get("ratings_version")
        stale = current is not None and fitted_on != current
        detail = f"version {champion.version}, fitted on ratings {fitted_on}"
        findings.append(
            Finding(
                f"{settings.dataset}: champion {champion.model}",
                "stale" if stale else "ok",
                f"{detail}; the newest are {current}" if stale else detail,
            )
        )
    return findings
