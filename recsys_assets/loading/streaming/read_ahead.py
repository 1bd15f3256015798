"""Reading ahead across epochs: when an epoch has read its last row group, the first of the next are fetched already.

Otherwise every epoch begins with a wait for storage. What was read ahead is given to whoever asks for these bytes; so
batches are the same, only sooner.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from recsys_assets.loading.streaming.snapshot import RowGroup
from recsys_assets.loading.streaming.storage import Storage

Part: TypeAlias = tuple[Path, int, int]


class ReadAhead:
    """A `Storage` over another one. `expect` tells it what an epoch reads, and what the next begins with."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._lock = threading.Lock()
        self._left = 0
        self._next: list[Part] = []
        self._read: dict[Part, Future[bytes]] = {}
        self._pool: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        return self.storage.name

    def expect(self, path: Path, reads: int, following: Sequence[RowGroup]) -> None:
        """An epoch of `reads` reads begins, `following` are the first row groups of the one after it."""
        with self._lock:
            self._left = reads
            self._next = [(path, group.start, group.length) for group in following]

    def read(self, path: Path, start: int, length: int) -> bytes:
        with self._lock:
            ahead = self._read.pop((path, start, length), None)
            self._left -= 1
            last = self._left == 0
        found = self.storage.read(path, start, length) if ahead is None else ahead.result()
        if last:
            self._begin()
        return found

    def close(self) -> None:
        """Let go of what nobody will ask for."""
        with self._lock:
            self._read, self._next = {}, []
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _begin(self) -> None:
        with self._lock:
            wanted, self._next = self._next, []
            if wanted and self._pool is None:
                self._pool = ThreadPoolExecutor(min(16, len(wanted)), thread_name_prefix="read-ahead")
            if self._pool is not None:
                # an earlier epoch's that nobody asked for (it was stopped) are let go
                self._read = {part: self._pool.submit(self.storage.read, *part) for part in wanted}
