"""What is measured of a running pipeline: time at work, CPU and bytes held of each stage; the trainer's waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

KEPT_WAITS = 4096


@dataclass(frozen=True)
class Counters:
    """Totals since the start; differences of two are an interval. Per stage arrays (n,)."""

    at: float
    """Seconds of a clock that only goes forward."""
    busy: NDArray[np.float64]
    """Seconds of workers at work."""
    cpu: NDArray[np.float64]
    """CPU seconds of them."""
    tasks: NDArray[np.int64]
    passed: NDArray[np.float64]
    """Bytes that went through each stage."""
    held: NDArray[np.float64]
    """Bytes in the hands of each stage now."""
    peak_held: float
    """Bytes of all stages and ready batches together, at most so far."""
    ready_bytes: float
    """Of batches that wait now."""
    windows: int
    """That came into the shuffle buffer, which hands them on in bursts: throughput is steadier there."""
    batches: int
    """Handed to the trainer."""
    examples: int
    waited: float
    """Seconds in which the trainer had to wait for a batch."""


@dataclass
class Gauges:
    """Kept up by all threads of an engine."""

    stages: tuple[str, ...]
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_WAITS))
    """Seconds that the trainer waited for each of the last batches."""

    def __post_init__(self) -> None:
        n = len(self.stages)
        self._lock = threading.Lock()
        self.busy, self.cpu = np.zeros(n), np.zeros(n)
        self.tasks, self.passed, self.held = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
        self.ready_bytes = self.peak = self.waited = 0.0
        self.windows = self.batches = self.examples = 0
        self.asking: float | None = None

    @contextmanager
    def working(self, stage: int, size: float) -> Iterator[None]:
        """Around the work of one task of `size` bytes, in its thread."""
        with self._lock:
            self.held[stage] += size
            self.peak = max(self.peak, float(self.held.sum()) + self.ready_bytes)
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
            with self._lock:
                self.busy[stage] += wall
                self.cpu[stage] += cpu
                self.tasks[stage] += 1
                self.passed[stage] += size
                self.held[stage] -= size

    def shuffled(self, windows: int) -> None:
        with self._lock:
            self.windows += windows

    def made_ready(self, size: float) -> None:
        with self._lock:
            self.ready_bytes += size
            self.peak = max(self.peak, float(self.held.sum()) + self.ready_bytes)

    def asked(self) -> None:
        """The trainer waits from now on; `read` counts it though nothing has come yet."""
        with self._lock:
            self.asking = time.perf_counter()

    def handed_over(self, size: float, examples: int, waited: float) -> None:
        with self._lock:
            self.asking = None
            self.ready_bytes -= size
            self.batches += 1
            self.examples += examples
            self.waited += waited
            self.waits.append(waited)

    def forget_peak(self) -> None:
        """From now on `peak_held` is of what is held from now on."""
        with self._lock:
            self.peak = float(self.held.sum()) + self.ready_bytes

    def read(self) -> Counters:
        with self._lock:
            now = time.perf_counter()
            return Counters(
                now,
                self.busy.copy(),
                self.cpu.copy(),
                self.tasks.copy(),
                self.passed.copy(),
                self.held.copy(),
                self.peak,
                self.ready_bytes,
                self.windows,
                self.batches,
                self.examples,
                self.waited + (0.0 if self.asking is None else now - self.asking),
            )
