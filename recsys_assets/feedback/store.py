"""From sealed batches to the warehouse table `feedback`: each event once, whatever was sent twice or run twice.

    inbox/<batch>.ndjson  ->  table `feedback`, lake/<dataset>/feedback/  ->  accepted/<batch>.ndjson
                                                                      or  ->  rejected/<batch>.ndjson + .reason.txt

A batch is deleted from the table and inserted again in one transaction, so a repeated run changes nothing; the file is
moved after the transaction, so a run that was killed in between finds it and does the same again. An event whose id an
earlier batch has brought is the same event, and is counted as repeated. Refused events go to quarantine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from recsys_assets.atomic import write_text
from recsys_assets.feedback.archives import archived_batches
from recsys_assets.feedback.batches import SUFFIXES, Batch, BatchError, read_batch, sha256_of
from recsys_assets.feedback.folders import Folders
from recsys_assets.feedback.inbox import seal_orphans
from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.database import transaction
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.lake import Lake, Snapshot
from recsys_assets.warehouse.sql import identifiers
from recsys_assets.warehouse.tables import FEEDBACK, QUARANTINE

REFUSED, UNKNOWN_MOVIE = "event_refused", "movie_id_unknown"


@dataclass(frozen=True)
class BatchReport:
    """`accepted` + `repeated` + `refused` is what the file held; a rejected batch has a `reason` and nothing else."""

    batch: str
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    sha256: str = ""
    reason: str = ""

    @property
    def rejected(self) -> bool:
        return bool(self.reason)


def waiting_batches(folders: Folders) -> list[str]:
    """Names of sealed batches in the inbox, oldest first; what killed writers left is sealed on the way.

    A name that was taken before with other content is another batch, and is given another name: it would replace what
    was taken.
    """
    if not folders.inbox.exists():
        return []
    seal_orphans(folders.inbox)
    sealed = [path for path in folders.inbox.iterdir() if path.suffix in SUFFIXES]
    archived = archived_batches(folders.compacted) if sealed else {}
    return sorted({_own_name(folders, path, archived.get(path.stem, set())) for path in sealed})


def _own_name(folders: Folders, path: Path, archived: set[str]) -> str:
    """The name under which `path` is taken; it is renamed where that name is another batch's."""
    kept = _find(folders.accepted, path.stem)
    taken = archived | ({sha256_of(kept)} if kept else set())
    if not taken or (digest := sha256_of(path)) in taken:
        return path.stem
    own = path.with_stem(f"{path.stem}-{digest[:12]}")
    os.rename(path, own)
    return own.stem


def taken_batches(folders: Folders) -> set[str]:
    """Names of batches whose files lie among the accepted or the rejected."""
    kept = (folder for folder in (folders.accepted, folders.rejected) if folder.exists())
    return {path.stem for folder in kept for path in folder.iterdir() if path.suffix in SUFFIXES}


def ingest_batches(
    con: duckdb.DuckDBPyConnection, folders: Folders, names: Sequence[str], *, progress: Progress = silent
) -> list[BatchReport]:
    """Take each batch, or put it aside with its reason; one that fails stands in no other's way.

    A batch that was taken before, and is not in the inbox, is reported as it stands in the table.
    """
    con.execute(create_table_sql(FEEDBACK))
    con.execute(create_table_sql(QUARANTINE))
    reports = []
    for name in names:
        path = _find(folders.inbox, name)
        reports.append(_ingest(con, folders, path) if path else _as_it_stands(con, folders, name))
        progress(_said(reports[-1]))
    return reports


def publish_feedback(con: duckdb.DuckDBPyConnection, lake: Lake) -> Snapshot:
    """What agents and reports read: all events, in the order of their times."""
    return lake.publish(con, FEEDBACK, upstream={})


def _ingest(con: duckdb.DuckDBPyConnection, folders: Folders, path: Path) -> BatchReport:
    try:
        batch = read_batch(path)
    except BatchError as error:
        return _reject(con, folders, path, str(error))
    with transaction(con):
        _forget(con, batch.name)
        report = _insert(con, batch, path.name)
    _move(path, folders.accepted)
    return report


def _insert(con: duckdb.DuckDBPyConnection, batch: Batch, source: str) -> BatchReport:
    events = batch.events.with_columns(batch_id=pl.lit(batch.name))
    con.register("incoming", events.to_arrow())
    try:
        columns = identifiers(FEEDBACK.column_names)
        unknown = con.sql(
            "SELECT event_id, movie_id FROM incoming ANTI JOIN movies USING (movie_id) ORDER BY event_id"
        ).fetchall()
        before = _rows(con)
        con.execute(
            f"INSERT INTO feedback ({columns}) SELECT {columns} FROM incoming "
            "SEMI JOIN movies USING (movie_id) ANTI JOIN feedback f ON f.event_id = incoming.event_id"
        )
        accepted = _rows(con) - before
    finally:
        con.unregister("incoming")
    reasons = [(REFUSED, line, reason, content) for line, reason, content in batch.refused.iter_rows()]
    reasons += [
        (UNKNOWN_MOVIE, 0, f"movie {movie} is not in the catalogue", json.dumps({"event_id": event, "movie_id": movie}))
        for event, movie in unknown
    ]
    _put_aside(con, source, reasons)
    repeated = len(batch.events) - accepted - len(unknown)
    return BatchReport(batch.name, accepted, repeated, len(reasons), batch.sha256)


def _reject(con: duckdb.DuckDBPyConnection, folders: Folders, path: Path, reason: str) -> BatchReport:
    with transaction(con):
        _forget(con, path.stem)
    write_text(folders.rejected / f"{path.stem}.reason.txt", reason + "\n")
    _move(path, folders.rejected)
    return BatchReport(path.stem, reason=reason)


def _as_it_stands(con: duckdb.DuckDBPyConnection, folders: Folders, name: str) -> BatchReport:
    reason = folders.rejected / f"{name}.reason.txt"
    if _find(folders.rejected, name) and reason.exists():
        return BatchReport(name, reason=reason.read_text(encoding="utf-8").strip())
    found = con.execute("SELECT count(*) FROM feedback WHERE batch_id = ?", [name]).fetchall()[0][0]
    if not found and not _find(folders.accepted, name) and name not in archived_batches(folders.compacted):
        return BatchReport(name, reason=f"no file of batch {name} is in {folders.inbox}. Drop it again.")
    return BatchReport(name, accepted=int(found))


def _forget(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute("DELETE FROM feedback WHERE batch_id = ?", [name])
    con.execute(
        "DELETE FROM quarantine WHERE table_name = 'feedback' AND list_contains(?, source_file)",
        [[f"{name}{suffix}" for suffix in SUFFIXES]],
    )


def _put_aside(con: duckdb.DuckDBPyConnection, source: str, reasons: list[tuple[str, int, str, str]]) -> None:
    for rule, line, reason, content in reasons:
        where = f"{source} line {line}" if line else source
        con.execute(
            "INSERT INTO quarantine (table_name, rule, reason, source_file, source_line, row_json) "
            "VALUES ('feedback', ?, ?, ?, ?, ?)",
            [rule, f"{where}: {reason}; quarantined as '{rule}'", source, line, content],
        )


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.replace(path, folder / path.name)


def _find(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / f"{name}{suffix}" for suffix in SUFFIXES) if p.exists()), None)


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM feedback").fetchall()[0][0])


def _said(report: BatchReport) -> str:
    if report.rejected:
        return f"feedback: batch {report.batch} rejected: {report.reason}"
    return (
        f"feedback: batch {report.batch}: {report.accepted:,} events accepted, {report.repeated:,} repeated, "
        f"{report.refused:,} refused"
    )
