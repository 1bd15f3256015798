"""Which batches the archives of compacted files hold; written by `compaction`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

ARCHIVE: dict[str, pl.DataType] = {
    "batch": pl.String(),
    "suffix": pl.String(),
    "sha256": pl.String(),
    "events": pl.Int64(),
    "content": pl.Binary(),
}
"""Columns of an archive, a row a file."""


def archives(folder: Path) -> list[Path]:
    """Archives in `folder`, by name."""
    return sorted(folder.glob("*.parquet")) if folder.exists() else []


def archived_facts(folder: Path) -> pl.DataFrame:
    """Everything of each archived file but its content; a file that two archives hold once."""
    columns = [name for name in ARCHIVE if name != "content"]
    empty = pl.DataFrame(schema={name: ARCHIVE[name] for name in columns})
    found = [pl.read_parquet(path, columns=columns, glob=False) for path in archives(folder)]
    return pl.concat([empty, *found]).unique(["batch", "sha256"]).sort("batch", "sha256")


def archived_batches(folder: Path) -> dict[str, set[str]]:
    """Batch -> checksums of its files."""
    found: dict[str, set[str]] = {}
    for batch, digest in archived_facts(folder).select("batch", "sha256").iter_rows():
        found.setdefault(batch, set()).add(digest)
    return found
