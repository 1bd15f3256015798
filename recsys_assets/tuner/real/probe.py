"""One probe: the pipeline runs with given workers for some seconds, and everything that can be read of it is.

Batches go to a trainer that takes its time for each; what it waits is the data stall. Changing workers for the next
probe rebuilds nothing. CPU of other processes is read beside our own (`psutil`): a probe that others disturbed says so.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from recsys_assets.loading.streaming.engine import Knobs, SpdlEngine
from recsys_assets.loading.streaming.gauges import Counters
from recsys_assets.loading.streaming.stages import STAGES
from recsys_assets.tuner.real.workload import Scenario, Workload

WARM_UP, SECONDS, MOST_SECONDS = 0.3, 1.0, 3.0
FEW_GROUPS = 40
"""A probe goes on, up to `MOST_SECONDS`, until so many row groups were read: fewer would be counted too coarsely."""
STEADY = 0.05
"""Data stall up to which the trainer sets the pace."""
SETTLING = 20
"""Half warm-ups, at most, until what was read under the workers of before has gone through."""
FOREIGN = 0.25
"""Cores that others may use before a probe is disturbed."""
AT_START = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset[int]()
"""Cores that this process may use, before anybody made them fewer."""


@dataclass(frozen=True)
class Probe:
    """What was read. Arrays of stages as tuples, in the order of the data."""

    knobs: Knobs
    seconds: float
    batches_per_second: float
    """By the windows that came into the shuffle buffer, which hands them on in bursts; by the batches that were taken
    where the trainer hardly waited: they come evenly then, and what fills the stocks is none of them."""
    wait_p50: float
    """Seconds that the trainer waited for a batch."""
    wait_p95: float
    wait_p99: float
    stall: float
    """Share of the time in which the trainer waited."""
    cpu: float
    """Cores that this process used."""
    foreign: float
    """Cores that others used."""
    cores: int
    in_flight: float
    """Bytes held between storage and trainer, at most."""
    busy: tuple[float, ...]
    """Share of the time in which a stage's workers worked; the rest they waited."""
    work: tuple[float, ...]
    """Seconds of a worker for a batch."""
    cpu_seconds: tuple[float, ...]
    """CPU seconds for a batch."""
    task_bytes: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    """That a worker of each stage holds."""
    batch_bytes: float = 0.0
    """Of a batch that waits ready."""
    gpu: float | None = None
    """Share of the time in which the GPU computed, where there is one (NVML)."""

    @property
    def disturbed(self) -> bool:
        return self.foreign > FOREIGN

    @property
    def utilization(self) -> float:
        """Share of the cores at work for this process."""
        return self.cpu / self.cores

    @property
    def bottleneck(self) -> str:
        """The stage that all wait for; the trainer, where it hardly waits."""
        if self.stall <= 0.05:
            return "trainer"
        if self.cpu >= 0.85 * self.cores and max(self.busy) < 0.9:
            return "cores"
        return STAGES[int(np.argmax(self.busy))]


class RunningPipeline:
    """`with RunningPipeline(...) as running: running.probe(Knobs(...))`; a thread of its own is the trainer."""

    def __init__(self, workload: Workload, scenario: Scenario, knobs: Knobs | None = None) -> None:
        self.engine = SpdlEngine(workload.plan(scenario), knobs or Knobs())
        self.step = workload.trainer(scenario)
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._train, name="trainer", daemon=True)

    def __enter__(self) -> RunningPipeline:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self.error is not None and kind is None:
            raise self.error

    def probe(
        self, knobs: Knobs, *, seconds: float = SECONDS, most: float = MOST_SECONDS, warm_up: float = WARM_UP
    ) -> Probe:
        """Resize, wait until it has settled, measure for `seconds`, or up to `most` where little comes."""
        self.engine.resize(knobs)
        for _ in range(SETTLING):
            if self.engine.settled:
                break
            self._sleep(warm_up / 2)
        self._sleep(warm_up)
        self.engine.gauges.forget_peak()
        before, load = self.engine.read(), machine_load()
        self._sleep(seconds)
        while (after := self.engine.read()).tasks[0] - before.tasks[0] < FEW_GROUPS and after.at - before.at < most:
            self._sleep(min(seconds, 0.1))
        after, then = self.engine.read(), machine_load()
        waits = list(self.engine.gauges.waits)[-max(1, after.batches - before.batches) :]
        return _probe(knobs, before, after, waits, load, then, self.engine.plan.batch_size)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.error is not None:
            raise self.error

    def _train(self) -> None:
        """Takes one batch after the other."""
        batches = self.engine.batches(iter([0]))
        try:
            for batch in batches:
                if self._stop.is_set():
                    break
                self.step(batch)
        except BaseException as error:  # told to whoever measures
            self.error = error
        finally:
            batches.close()


def _probe(
    knobs: Knobs, before: Counters, after: Counters, waits: list[float], load: Load, then: Load, batch_size: int
) -> Probe:
    seconds, windows = after.at - before.at, after.windows - before.windows
    made = max(windows / batch_size, 1e-3)
    p50, p95, p99 = np.quantile(waits or [seconds], [0.5, 0.95, 0.99])
    busy = after.busy - before.busy
    task_bytes = (after.passed - before.passed) / np.maximum(1, after.tasks - before.tasks)
    stall = min(1.0, (after.waited - before.waited) / seconds) if after.batches > before.batches else 1.0
    return Probe(
        knobs,
        seconds,
        (after.batches - before.batches if stall <= STEADY else windows / batch_size) / seconds,
        float(p50),
        float(p95),
        float(p99),
        stall,
        (then.own - load.own) / seconds,
        foreign_between(load, then, seconds),
        cores_at_hand(),
        after.peak_held,
        tuple((busy / (seconds * np.array(knobs.workers))).clip(0, 1).tolist()),
        tuple((busy / made).tolist()),
        tuple(((after.cpu - before.cpu) / made).tolist()),
        tuple(task_bytes.tolist()),
        float(task_bytes[-1]),
        gpu_utilization(),
    )


@dataclass(frozen=True)
class Load:
    """CPU seconds since the start: of this process, of all on the cores that it may use."""

    own: float
    all: float


def machine_load() -> Load:
    """Now."""
    import psutil

    own = psutil.Process().cpu_times()
    return Load(own.user + own.system, sum(_at_work(core) for core in _cores(psutil.cpu_times(percpu=True))))


def foreign_between(before: Load, after: Load, seconds: float) -> float:
    """Cores that others used."""
    return max(0.0, (after.all - before.all - (after.own - before.own)) / seconds)


def _at_work(core: Any) -> float:
    """CPU seconds of one core; time of guests is in user time already."""
    return float(sum(core) - core.idle - sum(getattr(core, name, 0.0) for name in ("iowait", "guest", "guest_nice")))


def _cores(every: list[Any]) -> list[Any]:
    """Those that this process was allowed when it began: a large machine's others are nobody's business here."""
    mine = [core for number, core in enumerate(every) if number in AT_START]
    return mine or every


def cores_at_hand() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def gpu_utilization() -> float | None:
    """Of the first GPU, by NVML; None without one, or without its Python binding."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        return float(pynvml.nvmlDeviceGetUtilizationRates(pynvml.nvmlDeviceGetHandleByIndex(0)).gpu) / 100
    except pynvml.NVMLError:
        return None
