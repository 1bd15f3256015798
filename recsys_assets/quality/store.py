"""The history of every rule of every table: one line of JSON a validation and rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock

from recsys_assets.atomic import atomic_file
from recsys_assets.quality.validate import TableReport
from recsys_assets.settings import Settings

KEPT_LINES = 100_000


def history_path(settings: Settings, table: str) -> Path:
    return settings.quality_dir / settings.dataset / f"{table}.ndjson"


def append_history(settings: Settings, report: TableReport, *, run_id: str, now: datetime | None = None) -> None:
    """Add one validation; what a reader sees is whole at every moment."""
    path = history_path(settings, report.table)
    path.parent.mkdir(parents=True, exist_ok=True)
    checked_at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    lines = [
        json.dumps(
            {
                "run_id": run_id,
                "checked_at": checked_at,
                "rule": r.rule.name,
                "severity": r.rule.severity,
                "passed": r.passed,
                "observed": r.observed,
                "rows": report.rows,
            }
        )
        for r in report.results
    ]
    with FileLock(path.with_suffix(".lock")):
        kept = path.read_text(encoding="utf-8").splitlines()[-KEPT_LINES:] if path.exists() else []
        with atomic_file(path) as aside:
            aside.write_text("\n".join([*kept, *lines]) + "\n", encoding="utf-8")


def history(settings: Settings, table: str) -> pl.DataFrame:
    """Every validation of a table, oldest first; empty where there was none."""
    path = history_path(settings, table)
    return pl.read_ndjson(path) if path.exists() else pl.DataFrame()
