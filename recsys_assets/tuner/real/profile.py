"""A profile: what limits the pipeline, and what would help most, both measured.

One probe untuned; one more for each stage with twice its workers, whose gain is what that stage is worth; one with more
batches ready; two with what proportional control asks for. Switching is measured by doing it to and fro.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from recsys_assets.loading.streaming.engine import MOST_PREFETCH, MOST_WORKERS, Knobs
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.allocation import STAGES, Allocation
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.real.probe import Probe, RunningPipeline
from recsys_assets.tuner.real.training import paced
from recsys_assets.tuner.real.workload import Scenario, Workload

SWITCHES, BETWEEN = 10, 0.15
"""To and fro, and seconds between."""
WORTH = 0.05
"""Gain from which something is said to help."""


@dataclass(frozen=True)
class Tried:
    """One change from the untuned pipeline, and what it gave."""

    change: str
    probe: Probe
    gain: float
    """Throughput over the untuned, less 1."""


@dataclass(frozen=True)
class Switching:
    """What changing the workers costs while it runs."""

    call_ms: float
    """Of `resize`, median."""
    lost_ms: float
    """Throughput lost by a switch, as time of the slower allocation; 0 where none could be seen."""


@dataclass(frozen=True)
class PipelineProfile:
    """Of one workload in one scenario."""

    scenario: Scenario
    work: str
    storage: str
    untuned: Probe
    tried: tuple[Tried, ...]
    """The best first."""
    switching: Switching

    @property
    def best(self) -> Tried:
        return self.tried[0]

    @property
    def disturbed(self) -> bool:
        """Whether others used the machine while it was measured."""
        probes = [self.untuned, *(t.probe for t in self.tried)]
        return sum(p.disturbed for p in probes) > len(probes) / 4

    @property
    def limit(self) -> str:
        """What limits the untuned pipeline, in words."""
        u = self.untuned
        if u.bottleneck == "trainer":
            return (
                f"the trainer: it takes {u.batches_per_second:.0f} batches a second and waits {u.stall:.0%} of the time"
            )
        if u.bottleneck == "cores":
            return f"the cores: {u.cpu:.1f} of {u.cores} are at work"
        stage = STAGES.index(u.bottleneck)
        waits = 1 - min(1.0, u.cpu_seconds[stage] / max(u.work[stage], 1e-9))
        kind = "waits for storage" if u.bottleneck == "fetch" else "does not compute"
        return (
            f"{u.bottleneck}: its worker is busy {u.busy[stage]:.0%} of the time and {kind} {waits:.0%} of that; the "
            f"trainer waits {u.stall:.0%} of the time"
        )

    @property
    def advice(self) -> str:
        """What would help most, in words."""
        if self.best.gain < WORTH:
            return "nothing that was tried helps by 5 %: leave it as it is"
        return f"{self.best.change}: {self.best.gain:+.0%} ({self.best.probe.batches_per_second:.0f} batches a second)"


def profile(
    workload: Workload, scenario: Scenario, *, seconds: float = 1.5, progress: Progress = silent
) -> PipelineProfile:
    """About twelve probes of `seconds`."""
    scenario = paced(workload, scenario)
    with RunningPipeline(workload, scenario) as running:
        start = Knobs.lean((1, 1, 1, 1), 2)
        running.probe(start, seconds=seconds / 2)  # the first batches are of starting up
        untuned = running.probe(start, seconds=seconds, most=2 * seconds)
        progress(f"untuned: {untuned.batches_per_second:.1f} batches a second")
        tried = [_try(running, change, knobs, untuned, seconds, progress) for change, knobs in _changes(start)]
        for _ in range(2):  # the second reads what the first made of it
            asked = asked_for(tried[-1].probe if len(tried) > len(STAGES) + 1 else untuned, scenario)
            tried.append(_try(running, _words(asked), asked, untuned, seconds, progress))
        switching = _switching(running, start, max(tried, key=lambda t: t.gain).probe)
    ordered = tuple(sorted(tried, key=lambda t: -t.gain))
    return PipelineProfile(scenario, workload.summary, scenario.storage.name, untuned, ordered, switching)


def asked_for(probe: Probe, scenario: Scenario) -> Knobs:
    """What proportional control makes of one probe."""
    control = ProportionalControl()
    control.begin(1)
    wanted = control.decide(readings_of(probe, scenario))
    workers = np.clip(wanted.workers[0], 1, MOST_WORKERS).tolist()
    return Knobs.lean(tuple(workers), int(np.clip(wanted.prefetch[0], 1, MOST_PREFETCH)))


def readings_of(probe: Probe, scenario: Scenario) -> Readings:
    """A probe as a controller reads it."""
    workers = np.array([probe.knobs.workers], dtype=np.int64)
    held = workers[0] * np.array(probe.task_bytes) / scenario.budget
    batch = probe.batch_bytes / scenario.budget
    return Readings(
        Allocation(workers, np.array([probe.knobs.prefetch], dtype=np.int64)),
        np.array([probe.cores], dtype=np.int64),
        np.array([probe.batches_per_second]),
        np.array([probe.busy]),
        np.array([probe.cpu_seconds]),
        np.array([probe.stall]),
        held[None, :],
        np.array([batch]),
        np.array([held.sum() + probe.knobs.prefetch * batch]),
        np.array([probe.batches_per_second == 0]),
    )


def _changes(start: Knobs) -> list[tuple[str, Knobs]]:
    """Each stage alone with twice the workers, then four times the batches ready."""
    doubled = [tuple(2 * w if i == stage else w for i, w in enumerate(start.workers)) for stage in range(len(STAGES))]
    stages = [
        (f"{name} {w} -> {2 * w}", Knobs.lean((k[0], k[1], k[2], k[3]), start.prefetch))
        for name, w, k in zip(STAGES, start.workers, doubled, strict=True)
    ]
    ready = 4 * start.prefetch
    return [*stages, (f"ready batches {start.prefetch} -> {ready}", Knobs.lean(start.workers, ready))]


def _words(knobs: Knobs) -> str:
    return f"workers {'/'.join(map(str, knobs.workers))}, {knobs.prefetch} ready"


def _try(
    running: RunningPipeline, change: str, knobs: Knobs, untuned: Probe, seconds: float, progress: Progress
) -> Tried:
    probe = running.probe(knobs, seconds=seconds)
    gain = probe.batches_per_second / max(untuned.batches_per_second, 1e-9) - 1
    progress(f"{change}: {gain:+.0%}")
    return Tried(change, probe, gain)


def _switching(running: RunningPipeline, start: Knobs, best: Probe) -> Switching:
    """To and fro between the best and the same with one batch ready more: alike but for the switching."""
    here = best.knobs
    there = Knobs.lean((max(1, here.workers[0] - 1), *here.workers[1:]), min(MOST_PREFETCH, here.prefetch + 1))
    still = running.probe(there, seconds=SWITCHES * BETWEEN).batches_per_second
    before, calls = running.engine.read(), []
    for turn in range(SWITCHES):
        began = time.perf_counter()
        running.engine.resize(here if turn % 2 else there)
        calls.append(time.perf_counter() - began)
        time.sleep(BETWEEN)
    after = running.engine.read()
    windows = (after.windows - before.windows) / running.engine.plan.batch_size
    lost = max(0.0, (after.at - before.at) - windows / max(still, 1e-9))
    return Switching(1000 * float(np.median(calls)), 1000 * lost / SWITCHES)
