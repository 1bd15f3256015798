"""A batch: one sealed file of events, read whole, each event taken or refused with its reason.

Accepted + refused = read. A file of which nothing can be taken (unreadable, wrong columns, no event at all) is refused
as a batch, with one reason, and stands in nobody's way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from recsys_assets.feedback.events import EVENT_SCHEMA, EventError, FeedbackEvent, parse_event

SUFFIXES = (".ndjson", ".jsonl", ".parquet")
"""What a batch's file may be called; any program may drop one, by rename."""
MAX_LINE = 64 * 1024
"""Bytes of one event; a longer line is refused without being held."""
MAX_SHOWN = 500
"""Characters of a refused line that are kept beside its reason; the file itself keeps all."""
REQUIRED = ("event_id", "user_id", "movie_id", "action", "timestamp")
REFUSED_SCHEMA: dict[str, pl.DataType] = {"line": pl.Int64(), "reason": pl.String(), "content": pl.String()}


class BatchError(Exception):
    """A file of which nothing can be taken; the message names the file, what was found, and the remedy."""


@dataclass(frozen=True)
class Batch:
    """What one file holds."""

    name: str
    """The file's name without its suffix: the partition key in the graph."""
    sha256: str
    events: pl.DataFrame
    """Columns of `EVENT_SCHEMA`; the first of each event id, in the order of the file."""
    refused: pl.DataFrame
    """`line` (from 1), `reason`, `content` (its first characters)."""

    @property
    def read(self) -> int:
        """Events in the file, taken or not."""
        return len(self.events) + len(self.refused)


def read_batch(path: Path, *, now: datetime | None = None) -> Batch:
    """Read `path`. Raises BatchError where nothing of it can be taken.

    `now`: when events without `received_at` (dropped by a program, not taken at our door) were received.
    """
    received = now or datetime.now(UTC)
    taken: list[FeedbackEvent] = []
    refused: list[tuple[int, str, str]] = []
    seen: set[str] = set()
    for line, fields, content in _rows(path):
        try:
            event = _event(fields, received)
            if event.event_id in seen:
                raise EventError(f"event_id {event.event_id!r} is in this file already; each event has its own")
        except EventError as error:
            refused.append((line, str(error), content[:MAX_SHOWN]))
            continue
        seen.add(event.event_id)
        taken.append(event)
    if not taken:
        reason = f"line {refused[0][0]}: {refused[0][1]}" if refused else "the file is empty"
        raise BatchError(f"{path.name}: no event of {len(refused)} can be taken; {reason}. Mend it and drop it again.")
    return Batch(path.stem, sha256_of(path), _frame(taken), pl.DataFrame(refused, REFUSED_SCHEMA, orient="row"))


def _event(fields: Any, received: datetime) -> FeedbackEvent:
    if isinstance(fields, EventError):
        raise fields
    event = parse_event(fields)
    return event.received(event.received_at or received)


def _rows(path: Path) -> Iterator[tuple[int, Any, str]]:
    """Line, fields (or the EventError that reading them gave), and content of each event."""
    if path.suffix not in SUFFIXES:
        raise BatchError(f"{path.name}: a batch is a {', '.join(SUFFIXES)} file. Rename or convert it.")
    return _parquet_rows(path) if path.suffix == ".parquet" else _ndjson_rows(path)


def _ndjson_rows(path: Path) -> Iterator[tuple[int, Any, str]]:
    with path.open("rb") as handle:
        number = 0
        while line := handle.readline(MAX_LINE + 1):
            number += 1
            shown = line[: 4 * MAX_SHOWN].decode("utf-8", errors="replace")
            if len(line) > MAX_LINE:
                while not line.endswith(b"\n") and (line := handle.readline(MAX_LINE)):
                    pass
                yield number, EventError(f"the line is longer than {MAX_LINE:,} bytes; an event is one line"), shown
            elif line.strip():
                yield number, _json(line), shown


def _json(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return EventError(f"byte {error.start + 1} is not UTF-8")
    except (ValueError, RecursionError) as error:
        torn = (
            "" if line.endswith(b"\n") else ", and the line has no end: its writer was cut off before it was told yes"
        )
        return EventError(f"not JSON ({str(error).splitlines()[0]}){torn}")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any, str]]:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BatchError(f"{path.name}: not a parquet file ({str(error).splitlines()[0]}). Write it anew.") from error
    if missing := [c for c in REQUIRED if c not in frame.columns]:
        raise BatchError(f"{path.name}: no column {', '.join(missing)}; an event has {', '.join(EVENT_SCHEMA)}.")
    if unknown := [c for c in frame.columns if c not in EVENT_SCHEMA]:
        raise BatchError(f"{path.name}: unknown column {', '.join(unknown)}; an event has {', '.join(EVENT_SCHEMA)}.")
    for number, row in enumerate(frame.iter_rows(named=True), 1):
        fields = {k: v for k, v in row.items() if v is not None}
        yield number, fields, repr(fields)


def _frame(events: list[FeedbackEvent]) -> pl.DataFrame:
    rows = [event.model_dump() for event in events]
    times = [column for column, kind in EVENT_SCHEMA.items() if isinstance(kind, pl.Datetime)]
    schema = EVENT_SCHEMA | {column: pl.Datetime("us", "UTC") for column in times}
    return pl.DataFrame(rows, schema).with_columns(pl.col(times).dt.replace_time_zone(None))


def sha256_of(path: Path) -> str:
    """Checksum of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
