"""The data snapshot: all published tables of one moment under one version, the root of the version chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from recsys_assets.atomic import write_text
from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.cleaned import version_of
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.lake import Lake, LakeError, Snapshot
from recsys_assets.warehouse.side_by_side import side_by_side
from recsys_assets.warehouse.tables import QUARANTINE
from recsys_assets.warehouse.watching import watched


@dataclass(frozen=True)
class DataSnapshot:
    """`version`: 16 hex digits that change when, and only when, the content of a table changes."""

    version: str
    tables: dict[str, str]
    """Version of each table."""


def publish_snapshot(
    con: duckdb.DuckDBPyConnection, lake: Lake, tables: Sequence[Table], *, progress: Progress = silent
) -> tuple[DataSnapshot, tuple[Snapshot, ...]]:
    """Publish each table of the warehouse, two at a time, then the version of all of them together.

    What is in a cleaned table was worked out when it was cleaned: where that is what was published last, its rows are
    not looked at.
    """
    contents = {table.name: version_of(con, table) for table in tables}

    def publish(own: duckdb.DuckDBPyConnection, table: Table) -> Snapshot:
        with watched(own, f"publishing {table.name}", progress):
            return lake.publish(own, table, upstream={}, content=contents[table.name])

    published = []
    for snapshot in side_by_side(con, [partial(publish, table=table) for table in tables]):
        progress(f"published {snapshot.table}: {snapshot.rows:,} rows, version {snapshot.version}")
        published.append(snapshot)
    versions = {snapshot.table: snapshot.version for snapshot in published}
    digest = hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:16]
    write_text(lake.root / "snapshot.json", json.dumps({"version": digest, "tables": versions}, indent=1))
    return DataSnapshot(digest, versions), tuple(published)


def publish_quarantine(con: duckdb.DuckDBPyConnection, lake: Lake) -> Snapshot:
    """Let people see what was put aside, also when a check then keeps the tables themselves from being published."""
    return lake.publish(con, QUARANTINE, upstream={})


def current_snapshot(lake: Lake) -> DataSnapshot:
    """The snapshot published last."""
    path = lake.root / "snapshot.json"
    if not path.exists():
        raise LakeError(f"{lake.root} holds no data snapshot. Re-materialize `data_snapshot`.")
    stored = json.loads(path.read_text(encoding="utf-8"))
    return DataSnapshot(stored["version"], stored["tables"])
