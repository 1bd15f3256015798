"""The log of failed runs: a file a person reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg


def record_failure(
    log_dir: Path, *, run_id: str, job: str, reasons: Sequence[tuple[str, str]], now: datetime | None = None
) -> Path:
    """Append one paragraph about a failed run; `reasons` are (step, message). Returns the log file."""
    log = log_dir / "run_failures.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    when = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    lines = [f"{when}  {job} failed  (run {run_id})"]
    lines += [f"    {step}: {' '.join(message.split())}" for step, message in reasons]
    lines.append(f"    look: make dev, then /runs/{run_id}")
    with log.open("a", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")
    return log


def reason_of(failure: dg.DagsterEvent) -> str:
    """The innermost error of a step's failure, as `ErrorName: what went wrong`."""
    error = failure.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    said = error.message.strip() if error is not None else (failure.message or "")
    return re.sub(r"^(\w+\.)+(?=\w+: )", "", said)
