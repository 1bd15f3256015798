"""What is kept of every validation, per data set under `data/quality/<dataset>/`.

<table>.ndjson               one line of JSON a validation and rule: verdict and figure, for years
runs/<run_id>/<table>.json   all that one run found, with sample rows and distributions: the newest `KEPT_RUNS` runs
accepted.json                runs whose loss of rows an engineer has accepted
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from recsys_assets.atomic import write_text
from recsys_assets.quality.earlier import EarlierRun
from recsys_assets.quality.history import append_history, history, history_path
from recsys_assets.quality.stored import StoredReport, volume_rules
from recsys_assets.quality.validate import TableReport
from recsys_assets.settings import Settings

__all__ = [
    "KEPT_RUNS",
    "Run",
    "StoreError",
    "StoredReport",
    "accept_volume",
    "append_history",
    "history",
    "history_path",
    "last_reference",
    "record",
    "runs",
    "stored_report",
]

KEPT_RUNS = 50
_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class StoreError(Exception):
    """A stored report that is not there or can't be read; the message names the file and the remedy."""


@dataclass(frozen=True)
class Run:
    """One run's validations."""

    run_id: str
    checked_at: str
    """ISO 8601, UTC: the last of them."""
    reports: Mapping[str, StoredReport]
    """By table."""
    damaged: Mapping[str, str]
    """Table -> why its file can't be read."""


def record(settings: Settings, report: TableReport, *, run_id: str, now: datetime | None = None) -> StoredReport:
    """Keep one validation. A second one of the same run and table is laid over the first, rule by rule."""
    moment = now or datetime.now(UTC)
    append_history(settings, report, run_id=run_id, now=moment)
    folder = _runs_dir(settings) / _checked(run_id)
    path = folder / f"{report.table}.json"
    stored = StoredReport.of(
        report, dataset=settings.dataset, run_id=run_id, checked_at=moment.isoformat(timespec="seconds")
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / ".lock"):
        if not folder.exists():
            _prune(settings, room=1)
        elif path.exists():
            before = _read_or_reason(path)
            stored = stored.over(before) if isinstance(before, StoredReport) else stored
        write_text(path, json.dumps(stored.to_json(), ensure_ascii=False, allow_nan=False))
    return stored


def runs(settings: Settings) -> list[Run]:
    """Kept runs, newest first; files that can't be read are named in `damaged`, with the reason."""
    return sorted(_runs(settings), key=lambda run: (run.checked_at, run.run_id), reverse=True)


def stored_report(settings: Settings, run_id: str, table: str) -> StoredReport:
    """What a run found of a table. Raises StoreError where that is not kept or can't be read."""
    path = _runs_dir(settings) / _checked(run_id) / f"{_checked(table)}.json"
    if not path.exists():
        raise StoreError(
            f"{path} is not there: run {run_id} did not validate `{table}` of {settings.dataset}, or is not among the "
            f"newest {KEPT_RUNS} runs that are kept."
        )
    found = _read_or_reason(path)
    if isinstance(found, str):
        raise StoreError(f"{path} {found}. Delete it; the next run of the checks writes a new one.")
    return found


def last_reference(settings: Settings, table: str, *, before_run: str | None = None) -> EarlierRun | None:
    """The newest run, other than `before_run`, in which all rules were judged and no critical one was broken.

    A loss of rows that was accepted counts as kept. None where there is no such run.
    """
    accepted = _accepted(settings)
    paths = [p for p in _runs_dir(settings).glob(f"*/{table}.json") if p.parent.name != before_run]
    found = [r for r in map(_read_or_reason, paths) if isinstance(r, StoredReport) and _sound(r, accepted)]
    return max(found, key=lambda r: (r.checked_at, r.run_id)).as_earlier_run() if found else None


def accept_volume(settings: Settings, table: str) -> StoredReport:
    """Declare that the rows `table` lost in its newest run are meant to be gone; later runs are compared with that one.

    The table's checks have to run again. Raises StoreError where there is nothing to accept.
    """
    newest = next((run.reports[table] for run in runs(settings) if table in run.reports), None)
    if newest is None:
        raise StoreError(f"no run of {settings.dataset} has validated `{table}`; materialize it first")
    others = sorted(set(newest.broken) - volume_rules(table))
    if others or not newest.broken or not newest.complete:
        found = f"broke {', '.join(others)}" if others else "did not lose too many rows in a full validation"
        raise StoreError(f"`{table}` {found} in run {newest.run_id}; only a loss of rows can be accepted")
    with FileLock(_runs_dir(settings) / ".lock"):
        accepted = {**_accepted(settings), table: newest.run_id}
        write_text(_accepted_path(settings), json.dumps(accepted, indent=2))
    return newest


def _sound(report: StoredReport, accepted: Mapping[str, str]) -> bool:
    forgiven = volume_rules(report.table) if accepted.get(report.table) == report.run_id else frozenset()
    return report.complete and set(report.broken) <= forgiven


def _runs(settings: Settings) -> Iterator[Run]:
    for folder in _runs_dir(settings).glob("*"):
        found = {path.stem: _read_or_reason(path) for path in sorted(folder.glob("*.json"))}
        reports = {table: r for table, r in found.items() if isinstance(r, StoredReport)}
        damaged = {table: r for table, r in found.items() if isinstance(r, str)}
        if found:
            yield Run(folder.name, max((r.checked_at for r in reports.values()), default=""), reports, damaged)


def _prune(settings: Settings, *, room: int) -> None:
    """Drop the oldest runs, but none with the last sound validation of a table: later ones are compared with it."""
    accepted, known = _accepted(settings), set[str]()
    for place, run in enumerate(runs(settings)):
        sound = {table for table, report in run.reports.items() if _sound(report, accepted)}
        if place >= KEPT_RUNS - room and sound <= known:
            shutil.rmtree(_runs_dir(settings) / run.run_id)
        known |= sound


def _read_or_reason(path: Path) -> StoredReport | str:
    """The report, or in words why it can't be read."""
    try:
        return StoredReport.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return "was removed meanwhile"
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return f"is not a stored report ({type(error).__name__}: {error})"


def _accepted(settings: Settings) -> dict[str, str]:
    path = _accepted_path(settings)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StoreError(f"{path} is not JSON ({error}). Delete it, and accept again what was accepted.") from error
    return {str(table): str(run) for table, run in dict(found).items()}


def _accepted_path(settings: Settings) -> Path:
    return settings.quality_dir / settings.dataset / "accepted.json"


def _runs_dir(settings: Settings) -> Path:
    return settings.quality_dir / settings.dataset / "runs"


def _checked(name: str) -> str:
    """A name that can't leave its folder."""
    if not _RUN_ID.fullmatch(name):
        raise StoreError(
            f"{name!r} is not the name of a run or table: only letters, digits, `.`, `_` and `-` may occur"
        )
    return name
