"""The history of every rule of every table: one line of JSON a validation and rule, oldest first."""

from __future__ import annotations

import json
import logging
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from recsys_assets.atomic import atomic_file
from recsys_assets.quality.validate import RuleResult, TableReport
from recsys_assets.settings import Settings

KEPT_LINES = 100_000
SLACK = 0.1
"""Share of more lines than `KEPT_LINES` before the file is written anew: at 100,000 lines that takes 0.2 s, adding to
it 4 ms."""
SCHEMA: dict[str, type[pl.DataType]] = {
    "run_id": pl.String,
    "checked_at": pl.String,
    "rule": pl.String,
    "severity": pl.String,
    "passed": pl.Boolean,
    "observed": pl.Float64,
    "rows": pl.Int64,
}

_LOG = logging.getLogger(__name__)


def history_path(settings: Settings, table: str) -> Path:
    return settings.quality_dir / settings.dataset / f"{table}.ndjson"


def append_history(settings: Settings, report: TableReport, *, run_id: str, now: datetime | None = None) -> None:
    """Add one validation. A reader sees whole lines: one that a crash has cut is closed by the next validation."""
    path = history_path(settings, report.table)
    path.parent.mkdir(parents=True, exist_ok=True)
    checked_at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    lines = [_line(result, report, run_id, checked_at) for result in report.results]
    with FileLock(path.with_suffix(".lock")):
        content = path.read_bytes() if path.exists() else b""
        if content.count(b"\n") + len(lines) > KEPT_LINES * (1 + SLACK):
            kept = content.splitlines()[len(lines) - KEPT_LINES :]
            with atomic_file(path) as aside:
                aside.write_bytes(b"\n".join([*kept, *lines]) + b"\n")
            return
        cut = b"\n" if content and not content.endswith(b"\n") else b""
        with path.open("ab") as handle:
            handle.write(cut + b"".join(line + b"\n" for line in lines))
            handle.flush()
            os.fsync(handle.fileno())


def history(settings: Settings, table: str) -> pl.DataFrame:
    """Every validation of a table, oldest first, one row a rule; empty where there was none.

    Lines that a crash or a hand has damaged are left out, and named in the log.
    """
    path = history_path(settings, table)
    if not path.exists() or not path.stat().st_size:
        return pl.DataFrame(schema=SCHEMA)
    try:
        found = pl.read_ndjson(path, schema=SCHEMA)
    except pl.exceptions.PolarsError:
        return _whole_lines(path)
    lacking = found.select(pl.any_horizontal(pl.exclude("observed").is_null()).any()).item()
    return _whole_lines(path) if lacking else found


def _line(result: RuleResult, report: TableReport, run_id: str, checked_at: str) -> bytes:
    return json.dumps(
        {
            "run_id": run_id,
            "checked_at": checked_at,
            "rule": result.rule.name,
            "severity": result.rule.severity,
            "passed": result.passed,
            "observed": result.observed if math.isfinite(result.observed) else None,
            "rows": report.rows,
        }
    ).encode()


def _whole_lines(path: Path) -> pl.DataFrame:
    """Every line that is a verdict."""
    parsed = [_verdict(line) for line in path.read_bytes().splitlines()]
    damaged = [str(number) for number, verdict in enumerate(parsed, start=1) if verdict is None]
    _LOG.warning("%s: line %s is no verdict and is left out; delete it", path, ", ".join(damaged))
    return pl.DataFrame([verdict for verdict in parsed if verdict is not None], schema=SCHEMA)


def _verdict(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
        whole = {name: found[name] for name in SCHEMA}
    except (ValueError, KeyError, TypeError):
        return None
    texts = all(isinstance(whole[name], str) for name in ("run_id", "checked_at", "rule", "severity"))
    numbers = isinstance(whole["rows"], int) and isinstance(whole["observed"], int | float | None)
    return whole if texts and numbers and isinstance(whole["passed"], bool) else None
