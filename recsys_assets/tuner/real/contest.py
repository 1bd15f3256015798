"""Tuners live on the real pipeline: each alone, from one worker a stage on, with a re-size in mid-run.

    q of an interval = batches a second / the best of the measured grid for the machine as it is then

An interval is a decision. The cores that the process may use change half-way (processor affinity of all its threads),
which no tuner is told of but by its readings. Orders are turned round from repeat to repeat, so that drift of the
machine hits all alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.live import Decision, LiveTuning
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.probe import FOREIGN, RunningPipeline, machine_load
from recsys_assets.tuner.real.workload import Scenario, Workload

INTERVAL, DECISIONS = 1.0, 45
RESIZED = 30
"""Decisions before the machine changes."""
AFTER = 5


@dataclass(frozen=True)
class LiveRun:
    """One tuner, once. `best`: batches a second of the grids' optimum, before and after the re-size."""

    tuner: str
    decisions: tuple[Decision, ...]
    best: tuple[float, float]
    batches: int
    """Handed to the trainer in the whole run."""
    seconds: float
    waited: float
    """Seconds that the trainer waited."""
    foreign: float
    """Cores that others used meanwhile."""

    @property
    def quality(self) -> FloatArray:
        """(decisions,) q of each interval."""
        made = np.array([d.throughput for d in self.decisions])
        best = np.where(np.arange(len(made)) < RESIZED, *self.best)
        return np.asarray(made / best)

    @property
    def mean(self) -> float:
        return float(self.quality.mean())

    @property
    def within_30(self) -> float:
        """Mean q up to the re-size."""
        return float(self.quality[:RESIZED].mean())

    @property
    def after_resize(self) -> float:
        return float(self.quality[RESIZED : RESIZED + AFTER].mean())

    @property
    def at_end(self) -> float:
        """Of the last five intervals before the re-size."""
        return float(self.quality[RESIZED - AFTER : RESIZED].mean())

    @property
    def stall(self) -> float:
        return self.waited / self.seconds

    @property
    def decision_ms(self) -> float:
        """Of deciding and switching, median."""
        return 1000 * float(np.median([d.seconds for d in self.decisions]))

    @property
    def switches(self) -> int:
        return sum(d.before != d.after for d in self.decisions)

    @property
    def disturbed(self) -> bool:
        return self.foreign > FOREIGN


def live_run(
    workload: Workload,
    scenario: Scenario,
    controller: Controller,
    *,
    cores: tuple[int, int],
    best: tuple[float, float],
    interval: float = INTERVAL,
    decisions: int = DECISIONS,
) -> LiveRun:
    """`cores` and `best`: before and after the re-size."""
    allowed = use_cores(cores[0])
    running = RunningPipeline(workload, scenario, Knobs.lean((1, 1, 1, 1), 1))
    try:
        with running:
            tuning = LiveTuning(running.engine, controller, cores[0], scenario.budget, interval)
            before, load = running.engine.read(), machine_load()
            with tuning:
                tuning.wait_for(RESIZED)
                use_cores(cores[1])
                tuning.cores = cores[1]
                tuning.wait_for(decisions)
            after, then = running.engine.read(), machine_load()
    finally:
        _affine(allowed)
    seconds = after.at - before.at
    foreign = max(0.0, (then.all - load.all - (then.own - load.own)) / seconds)
    made = tuple(tuning.decisions[:decisions])
    return LiveRun(
        controller.name, made, best, after.batches - before.batches, seconds, after.waited - before.waited, foreign
    )


def contest(
    workload: Workload,
    scenario: Scenario,
    tuners: Sequence[Callable[[], Controller]],
    *,
    cores: tuple[int, int],
    best: tuple[float, float],
    repeats: int = 1,
    first: int = 0,
    seconds: float = float("inf"),
    progress: Progress = silent,
) -> list[LiveRun]:
    """Each tuner once a repeat; `seconds`: begin no run after so many."""
    runs: list[LiveRun] = []
    until = time.monotonic() + seconds
    for repeat in range(first, first + repeats):
        for make in tuners if repeat % 2 == 0 else reversed(tuners):
            if time.monotonic() > until:
                return runs
            run = live_run(workload, scenario, make(), cores=cores, best=best)
            progress(f"{run.tuner}: mean q {run.mean:.3f}, {run.batches} batches, stall {run.stall:.0%}")
            runs.append(run)
    return runs


def use_cores(cores: int) -> set[int]:
    """All threads of this process on so many cores from now on; what they were allowed before."""
    if not hasattr(os, "sched_getaffinity"):
        return set()
    allowed = os.sched_getaffinity(0)
    every = sorted(range(os.cpu_count() or 1))
    _affine(set(every[:cores]))
    return allowed


def _affine(cores: set[int]) -> None:
    if not cores or not hasattr(os, "sched_setaffinity"):
        return
    for thread in Path("/proc/self/task").iterdir() if Path("/proc/self/task").exists() else []:
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:  # it has just ended
            continue
