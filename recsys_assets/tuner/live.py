"""A controller on the real pipeline: reads it after each interval, decides, changes the workers, and writes down why.

It runs beside the training in a thread of its own. Rates are batches a second, as ever; the memory budget is of the
bytes that are held between storage and trainer. Where storage is so slow that no batch comes in an interval, nothing is
decided until one has: a controller takes a pipeline that makes nothing for one that ran out of memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from recsys_assets.loading.streaming.engine import MOST_PREFETCH, MOST_WORKERS, Knobs, SpdlEngine
from recsys_assets.loading.streaming.gauges import Counters
from recsys_assets.tuner.allocation import STAGES, Allocation
from recsys_assets.tuner.controllers.base import Controller, explained
from recsys_assets.tuner.readings import Readings

INTERVAL = 1.0
"""Seconds between decisions."""
NOBODY = "nobody: no batch came"
"""Who decided while there was nothing to read."""


@dataclass(frozen=True)
class Decision:
    """One interval and what was decided on it."""

    at: float
    bottleneck: str
    before: Knobs
    after: Knobs
    throughput: float
    stall: float
    held: float
    """Share of the memory budget."""
    seconds: float
    """That deciding and switching took."""
    by: str = ""
    """Who decided."""
    expected: float = float("nan")
    """Batches a second that they counted on."""
    got: float = float("nan")
    """Batches a second of the interval after it."""

    @property
    def action(self) -> str:
        """What was changed, in words."""
        changes = [
            f"{name} {a} -> {b}"
            for name, a, b in zip(STAGES, self.before.workers, self.after.workers, strict=True)
            if a != b
        ]
        if self.before.prefetch != self.after.prefetch:
            changes.append(f"ready batches {self.before.prefetch} -> {self.after.prefetch}")
        return ", ".join(changes) or "nothing"


def readings_between(
    before: Counters, after: Counters, knobs: Knobs, *, cores: int, budget: float, batch_size: int
) -> Readings:
    """Two readings of the counters as what a controller sees. `budget` bytes.

    Batches are counted by the windows that came into the shuffle buffer, which hands them on in bursts.
    """
    seconds = max(1e-9, after.at - before.at)
    made = (after.windows - before.windows) / batch_size
    tasks = np.maximum(1, after.tasks - before.tasks)
    throughput, workers = made / seconds, np.array([knobs.workers], dtype=np.int64)
    busy = (after.busy - before.busy) / (seconds * workers[0])
    per_batch = (after.cpu - before.cpu) / max(made, 1e-3)
    task_bytes = (after.passed - before.passed) / tasks
    batch_bytes = task_bytes[-1]
    held = workers[0] * task_bytes
    return Readings(
        Allocation(workers, np.array([knobs.prefetch], dtype=np.int64)),
        np.array([cores], dtype=np.int64),
        np.array([throughput]),
        np.clip(busy, 0, 1)[None, :],
        per_batch[None, :],
        np.array([min(1.0, (after.waited - before.waited) / seconds)]),
        held[None, :] / budget,
        np.array([batch_bytes / budget]),
        np.array([(held.sum() + knobs.prefetch * batch_bytes) / budget]),
        np.array([made == 0]),
    )


@dataclass
class LiveTuning:
    """Use as a context around the training: `with LiveTuning(engine, controller, cores=2, budget=1e9): ...`."""

    engine: SpdlEngine
    controller: Controller
    cores: int
    budget: float
    interval: float = INTERVAL
    clock: Callable[[], float] = time.perf_counter
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tuner", daemon=True)
        self.error: BaseException | None = None

    def __enter__(self) -> LiveTuning:
        self.controller.begin(1)
        self._seen = self._decided = self.engine.read()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.interval):
                self.decide()
        except BaseException as error:  # told where the context ends: training goes on untuned
            self.error = error

    def wait_for(self, decisions: int) -> None:
        """Until so many were made; raises what stopped the tuner, if something did."""
        while len(self.decisions) < decisions:
            if self.error is not None:
                raise self.error
            time.sleep(self.interval / 10)

    def decide(self) -> Decision:
        """One decision, now."""
        began, after, knobs = self.clock(), self.engine.read(), self.engine.knobs
        readings = self._readings(self._seen, after)
        chosen, by, expected = self._choose(after)
        self._seen = after
        self.engine.resize(chosen)
        if self.decisions:
            self.decisions[-1] = replace(self.decisions[-1], got=float(readings.throughput[0]))
        decision = Decision(
            after.at,
            STAGES[int(readings.busy[0].argmax())] if readings.stall[0] > 0.05 else "trainer",
            knobs,
            chosen,
            float(readings.throughput[0]),
            float(readings.stall[0]),
            float(readings.memory[0]),
            self.clock() - began,
            by,
            expected,
        )
        self.decisions.append(decision)
        return decision

    def _choose(self, after: Counters) -> tuple[Knobs, str, float]:
        """By all that came since the last choice; who chose, and what they count on."""
        readings = self._readings(self._decided, after)
        if readings.down[0]:
            return self.engine.knobs, NOBODY, float("nan")
        self._decided = after
        return _within_engine(self.controller.decide(readings)), *explained(self.controller)

    def _readings(self, before: Counters, after: Counters) -> Readings:
        return readings_between(
            before,
            after,
            self.engine.knobs,
            cores=self.cores,
            budget=self.budget,
            batch_size=self.engine.plan.batch_size,
        )


def _within_engine(wanted: Allocation) -> Knobs:
    workers = np.clip(wanted.workers[0], 1, MOST_WORKERS).tolist()
    return Knobs.lean(tuple(workers), int(np.clip(wanted.prefetch[0], 1, MOST_PREFETCH)))
