"""Simulated pipelines that run: an interval a step, with noise, switching, running out of memory, and a re-size.

What an interval gives is charged for change: workers that come or go cost `SWITCHING` of the interval where all of
them are exchanged. A pipeline whose memory passes the budget dies: it makes nothing in this interval and the next, and
starts again with the last allocation that it survived, whoever tunes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from recsys_assets.tuner.allocation import Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray, Readings
from recsys_assets.tuner.simulator.families import Family, draw, other_cores
from recsys_assets.tuner.simulator.model import Pipelines
from recsys_assets.tuner.simulator.optimum import optimum

STEPS = 60
"""Intervals of an episode."""
RESIZED = (20, 40)
"""Between these steps the machine's cores change, once."""
SWITCHING = 0.05
DOWN = 2
"""Intervals that are lost when memory ran out."""


@dataclass(frozen=True)
class Scenario:
    """Pipelines before and after the re-size at step `resized` (b,), and the best throughput of both (b,)."""

    family: Family
    noise: FloatArray
    """(b,) deviation of every reading, as a share of it."""
    before: Pipelines
    after: Pipelines
    resized: IntArray
    best_before: FloatArray
    best_after: FloatArray

    def __len__(self) -> int:
        return len(self.before)

    def take(self, rows: IntArray) -> Scenario:
        return Scenario(
            self.family,
            self.noise[rows],
            self.before.take(rows),
            self.after.take(rows),
            self.resized[rows],
            self.best_before[rows],
            self.best_after[rows],
        )


def scenario(family: Family, n: int, *, seed: int) -> Scenario:
    """`n` pipelines of a family; the same seed gives the same."""
    rng = np.random.default_rng([seed, n])
    before = draw(family, n, rng)
    after = before.with_cores(other_cores(before.cores, rng))
    resized = rng.integers(*RESIZED, n).astype(np.int64)
    noise = np.full(n, family.noise)
    return Scenario(family, noise, before, after, resized, optimum(before).throughput, optimum(after).throughput)


def joined(scenarios: Sequence[Scenario]) -> Scenario:
    """All pipelines of several scenarios, under the first one's name."""

    def together(of: Callable[[Scenario], Any]) -> Any:
        return np.concatenate([of(s) for s in scenarios])

    def pipelines(of: Callable[[Scenario], Pipelines]) -> Pipelines:
        parts = [of(s) for s in scenarios]
        return Pipelines(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pipelines)})

    return Scenario(
        scenarios[0].family,
        together(lambda s: s.noise),
        pipelines(lambda s: s.before),
        pipelines(lambda s: s.after),
        together(lambda s: s.resized),
        together(lambda s: s.best_before),
        together(lambda s: s.best_after),
    )


class RunningPipelines:
    """b pipelines of a scenario, from one worker a stage on."""

    def __init__(self, scenario: Scenario, *, seed: int) -> None:
        self.scenario, self.rng = scenario, np.random.default_rng([seed, 0xF10])
        n = len(scenario)
        self.steps = np.zeros(n, dtype=np.int64)
        self.allocation = self.survived = Allocation.least(n)
        self.down = np.zeros(n, dtype=np.int64)
        self.readings = self._read(self._truth(), np.zeros(n), np.zeros(n, dtype=np.bool_))

    @property
    def now(self) -> Pipelines:
        """As they are at this step."""
        changed = self.steps >= self.scenario.resized
        return self.scenario.before.with_cores(
            np.where(changed, self.scenario.after.cores, self.scenario.before.cores).astype(np.int64)
        )

    @property
    def best(self) -> FloatArray:
        """(b,) the best throughput at this step."""
        changed = self.steps >= self.scenario.resized
        return np.asarray(np.where(changed, self.scenario.best_after, self.scenario.best_before))

    def step(self, wanted: Allocation) -> tuple[Readings, FloatArray, np.ndarray]:
        """One interval with the allocation `wanted`: readings, share q (b,) of the best throughput, who died (b,).

        Of pipelines that are down nothing can be wanted.
        """
        running, before = self.down == 0, self.allocation
        self.allocation = wanted.where(running, self.survived)
        truth = self._truth()
        died = running & (self.now.memory(self.allocation) > 1)
        survived = running & ~died
        self.survived = self.allocation.where(survived, self.survived)
        self.down = np.where(died, DOWN - 1, np.maximum(0, self.down - 1))
        moved = self.allocation.moved_from(before) / np.maximum(1, before.workers.sum(axis=1))
        made = np.where(survived, truth * (1 - SWITCHING * np.minimum(1, moved)), 0.0)
        quality = made / self.best
        self.readings = self._read(truth, made, ~survived)
        self.steps = self.steps + 1
        return self.readings, quality, died

    def would_make(self, wanted: Allocation) -> FloatArray:
        """(b,) share q that the next interval would have with `wanted`; nothing is changed by asking."""
        now, allocation = self.now, wanted.where(self.down == 0, self.survived)
        moved = allocation.moved_from(self.allocation) / np.maximum(1, self.allocation.workers.sum(axis=1))
        alive = (self.down == 0) & (now.memory(allocation) <= 1)
        made = now.throughput(allocation) * (1 - SWITCHING * np.minimum(1, moved))
        return np.asarray(np.where(alive, made, 0.0) / self.best)

    def _truth(self) -> FloatArray:
        return self.now.throughput(self.allocation)

    def _read(self, truth: FloatArray, made: FloatArray, down: np.ndarray) -> Readings:
        now, noisy = self.now, self._noisy
        return Readings(
            self.allocation,
            now.cores,
            noisy(made),
            np.clip(noisy(now.busy(self.allocation, truth)), 0, 1),
            noisy(now.cpu()),
            np.clip(1 - noisy(made) / now.trainer, 0, 1),
            noisy(self.allocation.workers * now.worker_memory),
            noisy(now.batch_memory),
            noisy(now.memory(self.allocation)),
            down,
        )

    def _noisy(self, values: FloatArray) -> FloatArray:
        noise = self.scenario.noise.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(values * np.exp(noise * self.rng.normal(size=values.shape)))
