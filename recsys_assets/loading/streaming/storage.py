"""Where bytes come from: this disk, or an object store emulated on it.

A local disk answers in microseconds and leaves a tuner little to do. `ObjectStore` adds what a remote one has: a wait
before the first byte, drawn from a seed, and a bandwidth that all readers share. Emulated, and said so in every report.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np


class Storage(Protocol):
    """Safe for many threads at once."""

    @property
    def name(self) -> str: ...

    def read(self, path: Path, start: int, length: int) -> bytes:
        """`length` bytes from `start` on."""


@dataclass(frozen=True)
class LocalDisk:
    """As it is."""

    name: str = "local disk"

    def read(self, path: Path, start: int, length: int) -> bytes:
        with path.open("rb") as handle:
            handle.seek(start)
            return handle.read(length)


@dataclass
class ObjectStore:
    """`latency` seconds to the first byte on average, `bandwidth` bytes a second for all readers together.

    Waits are log-normal around the average; each request's follows from `seed` and its place alone.
    """

    latency: float = 0.1
    bandwidth: float = float("inf")
    seed: int = 0
    spread: float = 0.25
    """Deviation of the logarithm of the wait."""
    disk: LocalDisk = field(default_factory=LocalDisk)
    _free_at: float = field(default=0.0, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def name(self) -> str:
        limit = "" if self.bandwidth == float("inf") else f", {self.bandwidth / 1e6:g} MB/s"
        return f"emulated object store, {1000 * self.latency:g} ms{limit}"

    def read(self, path: Path, start: int, length: int) -> bytes:
        time.sleep(self._wait(start) + self._turn(length))
        return self.disk.read(path, start, length)

    def _wait(self, start: int) -> float:
        draw = np.random.default_rng([self.seed, start]).normal(-(self.spread**2) / 2, self.spread)
        return float(self.latency * np.exp(draw))

    def _turn(self, length: int) -> float:
        """Seconds until the shared line has carried these bytes, those of others before them."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(now, self._free_at) + length / self.bandwidth
            return self._free_at - now
