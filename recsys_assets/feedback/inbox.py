"""The inbox: events are on disk before they are acknowledged, and become batches by one rename.

Each process appends to an open segment of its own, `<time>-<random>.open`, and fsyncs every request. A segment is
sealed at `max_events`, at `max_seconds` after its first event, or when the process ends: renamed to `.ndjson`, which is
what readers look for. A process that was killed leaves an open segment nobody holds a lock on: the next start seals it.
What a kill cuts off was never acknowledged; the torn line stays in the file and is reported when the batch is read.

Names sort by time, so a reader's high-water mark is nearly enough; late names are why it looks back (`defs/feedback`).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from recsys_assets.feedback.events import FeedbackEvent

OPEN, SEALED = ".open", ".ndjson"
MAX_EVENTS, MAX_SECONDS = 1_000, 60.0


@dataclass(frozen=True)
class Receipt:
    """What `append` has made durable: `events` lines in `segment`."""

    events: int
    segment: str


class Inbox:
    """Where one process puts events. Safe for its threads; other processes have segments of their own."""

    def __init__(
        self,
        folder: Path,
        *,
        max_events: int = MAX_EVENTS,
        max_seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` (seconds) says when a segment is old; orphans of killed processes are sealed at once."""
        self.folder, self.max_events, self.max_seconds, self.clock = folder, max_events, max_seconds, clock
        self._lock = threading.Lock()
        self._segment: _Segment | None = None
        folder.mkdir(parents=True, exist_ok=True)
        seal_orphans(folder)

    def append(self, events: Sequence[FeedbackEvent]) -> Receipt:
        """Write and fsync `events`; when this returns they outlive the process and the power.

        They stay together: a request is never cut into two batches, so `max_events` is passed by one request at most.
        """
        if not events:
            raise ValueError("there is no event to append")
        lines = b"".join(event.to_line() for event in events)
        with self._lock:
            self._seal_if_old()
            if self._segment is None:
                self._segment = _Segment.create(self.folder, started=self.clock())
            segment = self._segment
            try:
                segment.write(lines, len(events))
            except OSError:
                with suppress(OSError):  # nobody knows where the file ends now: the next request starts another
                    self._seal()
                raise
            if segment.events >= self.max_events:
                self._seal()
            return Receipt(len(events), segment.path.stem)

    def seal_if_old(self) -> Path | None:
        """Seal the open segment if it has been open for `max_seconds`; what a timer calls."""
        with self._lock:
            return self._seal_if_old()

    def close(self) -> Path | None:
        """Seal what is open; the batch, if there was one."""
        with self._lock:
            return self._seal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _seal_if_old(self) -> Path | None:
        if self._segment is not None and self.clock() - self._segment.started >= self.max_seconds:
            return self._seal()
        return None

    def _seal(self) -> Path | None:
        segment, self._segment = self._segment, None
        return segment.seal() if segment is not None else None


class _Segment:
    """An open file of this process, locked for as long as it is open."""

    def __init__(self, path: Path, handle: BinaryIO, *, started: float) -> None:
        self.path, self.handle, self.started, self.events = path, handle, started, 0

    @classmethod
    def create(cls, folder: Path, *, started: float) -> _Segment:
        """Locked before it has its name: nobody takes it for an orphan in between."""
        path = folder / (segment_name(datetime.now(UTC)) + OPEN)
        nameless = path.with_suffix(".new")
        handle = nameless.open("xb", buffering=0)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.rename(nameless, path)
        _sync_folder(folder)
        return cls(path, handle, started=started)

    def write(self, lines: bytes, events: int) -> None:
        view = memoryview(lines)
        while view:
            view = view[self.handle.write(view) :]
        os.fsync(self.handle)
        self.events += events

    def seal(self) -> Path:
        with self.handle:
            return _rename(self.path)


def segment_name(now: datetime) -> str:
    """Sorts by time; unique without asking anybody."""
    return f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(6)}"


def seal_orphans(folder: Path) -> list[Path]:
    """Seal the open segments of processes that are gone; empty ones are removed. The batches, oldest first."""
    sealed = []
    for path in sorted(folder.glob(f"*{OPEN}")):
        try:
            with path.open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(handle.fileno()).st_size:
                    sealed.append(_rename(path))
                elif path.exists():
                    path.unlink()
        except (BlockingIOError, FileNotFoundError):  # its writer lives, or another process sealed it just now
            continue
    return sealed


def _rename(path: Path) -> Path:
    sealed = path.with_suffix(SEALED)
    os.rename(path, sealed)
    _sync_folder(path.parent)
    return sealed


def _sync_folder(folder: Path) -> None:
    """A new or renamed name outlives the power only when its folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
