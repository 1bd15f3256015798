"""Tuners live on the real pipeline: each alone, from one worker a stage on, with a re-size in mid-run.

    q of an interval = batches a second / the best of the measured grid for the machine as it is then

An interval is a decision. The cores that the process may use change in mid-run (processor affinity of all its threads),
which tuners read like everything else. Repeat by repeat the order is turned round (ABBA), and two by two rotated, so
that drift of the machine hits all alike. Each run is kept as it ends; a contest that was cut short goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.live import INTERVAL, Decision, LiveTuning
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.affinity import resizable
from recsys_assets.tuner.real.kept import ContestError, append, kept_runs
from recsys_assets.tuner.real.probe import FOREIGN, RunningPipeline, foreign_between, machine_load
from recsys_assets.tuner.real.workload import Scenario, Workload

DECISIONS, RESIZED = 40, 30
"""Of a run, and those before the machine changes."""
AFTER = 5
WARM_UP, STARTING = 2.0, 1.5
"""Seconds that a pipeline runs before the first contestant, and that each needs beside its intervals."""
START = Knobs.lean((1, 1, 1, 1), 1)


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
    cpu: float
    """CPU seconds of this process: for a batch, they say how fast the machine was."""
    repeat: int = 0
    resized: int = RESIZED
    interval: float = INTERVAL

    @property
    def quality(self) -> FloatArray:
        """(decisions,) q of each interval."""
        made = np.array([d.throughput for d in self.decisions])
        best = np.where(np.arange(len(made)) < self.resized, *self.best)
        return np.asarray(made / best)

    @property
    def mean(self) -> float:
        return float(self.quality.mean())

    @property
    def before_resize(self) -> float:
        """Mean q up to the re-size."""
        return float(self.quality[: self.resized].mean())

    @property
    def after_resize(self) -> float:
        return float(self.quality[self.resized : self.resized + AFTER].mean())

    @property
    def at_end(self) -> float:
        """Of the last five intervals before the re-size."""
        return float(self.quality[max(0, self.resized - AFTER) : self.resized].mean())

    @property
    def throughput(self) -> float:
        """Batches a second."""
        return self.batches / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds for a batch: where it differs between runs, so does the machine."""
        return 1000 * self.cpu / max(1, self.batches)

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
    def over_budget(self) -> float:
        """Share of intervals that held more than the memory budget."""
        return float(np.mean([d.held > 1 for d in self.decisions]))


@dataclass(frozen=True)
class Contest:
    """How tuners meet. `cores` and `best` (batches a second): before and after the re-size."""

    cores: tuple[int, int]
    best: tuple[float, float]
    interval: float = INTERVAL
    decisions: int = DECISIONS
    resized: int = RESIZED
    others: float = FOREIGN
    """Cores that others may use before a run is disturbed: it is kept, counts for nothing, and is made again."""

    @property
    def seconds(self) -> float:
        """Of a run."""
        return self.decisions * self.interval + STARTING

    def run(self, workload: Workload, scenario: Scenario, controller: Controller, *, repeat: int = 0) -> LiveRun:
        """One tuner, once."""
        with resizable(max(self.cores)) as use_cores:
            use_cores(self.cores[0])
            with RunningPipeline(workload, scenario, START) as running:
                tuning = LiveTuning(running.engine, controller, self.cores[0], scenario.budget, self.interval)
                before, load = running.engine.read(), machine_load()
                with tuning:
                    tuning.wait_for(self.resized)
                    use_cores(self.cores[1])
                    tuning.cores = self.cores[1]
                    tuning.wait_for(self.decisions)
                after, then = running.engine.read(), machine_load()
        seconds = after.at - before.at
        return LiveRun(
            controller.name,
            tuple(tuning.decisions[: self.decisions]),
            self.best,
            after.batches - before.batches,
            seconds,
            after.waited - before.waited,
            foreign_between(load, then, seconds),
            then.own - load.own,
            repeat,
            self.resized,
            self.interval,
        )

    def hold(
        self,
        workload: Workload,
        scenario: Scenario,
        tuners: Mapping[str, Callable[[], Controller]],
        path: Path,
        *,
        repeats: int = 1,
        seconds: float = float("inf"),
        progress: Progress = silent,
    ) -> list[LiveRun]:
        """All runs of `path`, those that were missing made: each of `tuners`, named, once a repeat.

        `seconds`: begin no run that would not end within them.
        """
        until = time.monotonic() + seconds
        missing = self._missing(tuners, self._kept(path), repeats)
        if missing:
            self._warm_up(workload, scenario)
        for repeat, name in missing:
            if time.monotonic() + self.seconds > until:
                break
            run = self.run(workload, scenario, tuners[name](), repeat=repeat)
            append(run, path)
            disturbed = f", DISTURBED by others ({run.foreign:.2f} cores)" if run.foreign > self.others else ""
            progress(f"{repeat + 1}: {run.tuner}: q {run.mean:.3f}, {run.throughput:.0f} batches/s{disturbed}")
        return self._kept(path)

    def _kept(self, path: Path) -> list[LiveRun]:
        """By the grid as it is now. Raises ContestError where they were made in another way than these would be."""
        runs = kept_runs(path)
        for run in runs:
            made = (len(run.decisions), run.resized, run.interval)
            if made != (self.decisions, self.resized, self.interval):
                raise ContestError(
                    f"{path} holds runs of {made[0]} decisions every {made[2]:g} s; move it away, or ask for the same"
                )
        return [replace(run, best=self.best) for run in runs]

    def undisturbed(self, runs: list[LiveRun]) -> list[LiveRun]:
        return [run for run in runs if run.foreign <= self.others]

    def _missing(self, tuners: Mapping[str, object], kept: list[LiveRun], repeats: int) -> list[tuple[int, str]]:
        """In the order in which they are to be run: A B C, C B A; then B C A, A C B; so that each has every place."""
        done = {(run.repeat, run.tuner) for run in self.undisturbed(kept)}
        every = [(repeat, name) for repeat in range(repeats) for name in turns(list(tuners), repeat)]
        return [turn for turn in every if turn not in done]

    def _warm_up(self, workload: Workload, scenario: Scenario) -> None:
        """Code is loaded and files are cached before anything counts."""
        with RunningPipeline(workload, scenario, START):
            time.sleep(min(WARM_UP, self.interval * self.decisions))


def turns(names: Sequence[str], repeat: int) -> list[str]:
    """The order of a repeat: every second one is its predecessor's backwards, every two begin with another tuner."""
    first = repeat // 2 * (len(names) // 3 + 1) % len(names)
    order = [*names[first:], *names[:first]]
    return order if repeat % 2 == 0 else order[::-1]
