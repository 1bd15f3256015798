"""A fitted model as a directory: `manifest.json`, `arrays.npz`, `catalogue.parquet`; no pickles.

The manifest holds the format, the model's name and config, the shape of every array, the checksum of every
file, and its own, so that no changed byte is taken for a model.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.atomic import atomic_directory
from recsys_assets.recommenders.results import ModelError

FORMAT_VERSION = 1
FILES = ("arrays.npz", "catalogue.parquet")


@dataclass(frozen=True)
class Export:
    """The content of an exported model."""

    model: str
    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    catalogue: pl.DataFrame


def write_export(directory: Path, export: Export, *, extra: dict[str, str]) -> None:
    """Write `directory`, which must not exist yet, whole or not at all. `extra` goes into the manifest."""
    with atomic_directory(directory) as aside:
        np.savez(aside / "arrays.npz", allow_pickle=False, **export.arrays)
        export.catalogue.write_parquet(aside / "catalogue.parquet")
        manifest = extra | {
            "format_version": FORMAT_VERSION,
            "model": export.model,
            "config": export.config,
            "shapes": {k: list(v.shape) for k, v in export.arrays.items()},
            "sha256": {f: sha256_of(aside / f) for f in FILES},
        }
        manifest["manifest_sha256"] = _own_checksum(manifest)
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")


def read_export(directory: Path) -> Export:
    """Read what `write_export` wrote, format and checksums verified."""
    manifest = read_manifest(directory)
    try:
        with np.load(directory / "arrays.npz", allow_pickle=False) as stored:
            arrays = {k: stored[k] for k in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{directory / 'arrays.npz'} can't be read ({error}); export the model again") from error
    return Export(manifest["model"], manifest["config"], arrays, pl.read_parquet(directory / "catalogue.parquet"))


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of an exported model, its format and all checksums verified."""
    path = directory / "manifest.json"
    if not path.exists():
        raise ModelError(f"{directory} holds no exported model (no manifest.json)")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}); export the model again") from error
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT_VERSION:
        found = manifest.get("format_version") if isinstance(manifest, dict) else "no manifest"
        raise ModelError(f"{path} has format {found}, this code reads {FORMAT_VERSION}; export the model again")
    if manifest.pop("manifest_sha256", None) != _own_checksum(manifest):
        raise ModelError(f"{path} was changed after it was written; export the model again")
    for file, expected in manifest["sha256"].items():
        if not (directory / file).is_file():
            raise ModelError(f"{directory / file} is missing; export the model again")
        if sha256_of(directory / file) != expected:
            raise ModelError(f"{directory / file} does not have the checksum of its manifest; export the model again")
    return manifest


def sha256_of(path: Path) -> str:
    """Checksum of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _own_checksum(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
