"""Who or what made which version the champion, when, on which figures, from which feedback: an append-only table.

    models/audit/<dataset>.ndjson      a line an act: `promoted`, `rolled_back`, `refused` (lost its trial)

A line is written and fsynced under the lock by which champions change, after alias and export have changed; a call that
was killed in between writes it when it is repeated. The figures stand in MLflow's tags of the version too.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from recsys_assets.registry.records import ModelVersion
from recsys_assets.settings import Settings

Act = Literal["promoted", "rolled_back", "refused"]
CHAIN = ("data_version", "ratings_version", "split_version", "feedback_version", "feedback_events", "code_version")
"""Tags of a version that say what it was made from."""


@dataclass(frozen=True)
class AuditEntry:
    """One line. `version` is the champion after the act, or the challenger that was refused."""

    at: str
    """UTC."""
    act: Act
    model: str
    version: int
    run_id: str
    """MLflow's, of `version`."""
    before: int | None
    """The champion before the act; None where there was none."""
    by: str
    why: str
    figures: dict[str, float] = field(default_factory=dict)
    made_from: dict[str, str] = field(default_factory=dict)
    batches: tuple[str, ...] = ()
    """Batches of feedback that the version has seen and the champion before had not."""


def audit_path(settings: Settings) -> Path:
    return settings.models_dir / "audit" / f"{settings.dataset}.ndjson"


def entry_of(
    act: Act,
    version: ModelVersion,
    before: ModelVersion | None,
    *,
    by: str,
    why: str,
    figures: dict[str, float] | None = None,
    batches: Sequence[str] = (),
) -> AuditEntry:
    return AuditEntry(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        act=act,
        model=version.model,
        version=version.version,
        run_id=version.run_id,
        before=before.version if before else None,
        by=by,
        why=why,
        figures=figures or {},
        made_from={name: version.tags[name] for name in CHAIN if name in version.tags},
        batches=tuple(batches),
    )


def append_entry(settings: Settings, entry: AuditEntry) -> bool:
    """Add `entry`, unless the last of its model says the same already; whether it was added."""
    last = last_entry(
        settings, entry.model, acts=("refused",) if entry.act == "refused" else ("promoted", "rolled_back")
    )
    if last and (last.act, last.version, last.run_id) == (entry.act, entry.version, entry.run_id):
        return False
    path = audit_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"
    with path.open("ab+") as handle:
        if handle.tell() and _torn(path):
            line = b"\n" + line  # a writer was killed in the middle of its line
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())
    return True


def audit_entries(settings: Settings, model: str | None = None) -> list[AuditEntry]:
    """All lines of `model`, or of every model, oldest first; a line that a killed writer tore is left out."""
    path = audit_path(settings)
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            stored = json.loads(line)
        except ValueError:
            continue
        entry = AuditEntry(**{**stored, "batches": tuple(stored["batches"])})
        if model in (None, entry.model):
            found.append(entry)
    return found


def last_entry(settings: Settings, model: str, *, acts: Sequence[Act]) -> AuditEntry | None:
    """The newest line of `model` with one of these acts."""
    return next((e for e in reversed(audit_entries(settings, model)) if e.act in acts), None)


def audit_table(entries: Sequence[AuditEntry]) -> pl.DataFrame:
    """One row an entry, newest first: what the command line and the web UI show."""
    rows = [
        {
            "at": e.at,
            "act": e.act,
            "model": e.model,
            "version": e.version,
            "before": e.before,
            "by": e.by,
            "why": e.why,
            "feedback_events": e.made_from.get("feedback_events", ""),
            "new_batches": len(e.batches),
        }
        for e in reversed(entries)
    ]
    kinds = {"version": pl.Int64, "before": pl.Int64, "new_batches": pl.Int64}
    columns = ("at", "act", "model", "version", "before", "by", "why", "feedback_events", "new_batches")
    return pl.DataFrame(rows, {name: kinds.get(name, pl.String) for name in columns})


def this_person() -> str:
    """`user@machine`, of whoever calls from a terminal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _torn(path: Path) -> bool:
    with path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) != b"\n"
