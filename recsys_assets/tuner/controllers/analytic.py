"""Two optimizers of today, re-implemented on the same readings: Plumber's linear program, and tf.data's AUTOTUNE.

Plumber (Kuchnik et al., MLSys 2022): max X subject to workers_i * rate_i >= X and sum workers <= cores, whose solution
is workers_i = X / rate_i with X = cores / sum 1 / rate_i. AUTOTUNE (Murray et al., VLDB 2021; hill climbing): from the
least on, the one parameter whose step lowers the modelled time for a batch most is raised, until the cores are given
out or the model says the trainer never waits. Both take stages to scale linearly.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import PREFETCH, RunningMean
from recsys_assets.tuner.controllers.memory import LIMIT, MemoryEstimate
from recsys_assets.tuner.readings import Readings


class PlumberProgram:
    """Solved anew after each interval."""

    name = "Plumber's LP"

    def begin(self, n: int) -> None:
        self.seconds = RunningMean((n, N_STAGES))

    def decide(self, readings: Readings) -> Allocation:
        self.seconds.add(1 / np.maximum(readings.rate_per_worker, 1e-12), ~readings.down)
        seconds = self.seconds.mean
        rate = readings.cores / np.maximum(seconds.sum(axis=1), 1e-12)
        return Allocation.bounded(np.floor(rate[:, None] * seconds), np.full(len(readings), PREFETCH))


class Autotune:
    """Climbs in its model after the first intervals, and again when the machine changes; else leaves things alone."""

    name = "AUTOTUNE-like"
    PROFILED = 3
    """Intervals that are read before each climb."""

    def begin(self, n: int) -> None:
        self.seconds, self.memory = RunningMean((n, N_STAGES)), MemoryEstimate(n)
        self.cores, self.read = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.chosen = Allocation.least(n)

    def decide(self, readings: Readings) -> Allocation:
        self.seconds.add(1 / np.maximum(readings.rate_per_worker, 1e-12), ~readings.down)
        self.memory.learn(readings)
        self.read = np.where(readings.cores == self.cores, self.read + 1, 1)
        self.cores = readings.cores
        due = (self.read == 1) | (self.read == self.PROFILED) | (self.read % (2 * self.PROFILED) == 0)
        self.chosen = self._climbed(readings).where(due, self.chosen)
        return self.chosen

    def _climbed(self, readings: Readings) -> Allocation:
        seconds, n = self.seconds.mean, len(readings)
        workers, ready = np.ones((n, N_STAGES), dtype=np.int64), np.ones(n, dtype=np.int64)
        rows, trainer = np.arange(n), readings.trainer_rate
        for _ in range(int(readings.cores.max()) + N_STAGES):
            slowest = (seconds / workers).argmax(axis=1)
            enough = (workers / np.maximum(seconds, 1e-12)).min(axis=1) >= trainer
            given = workers.sum(axis=1) >= readings.cores
            more = workers.copy()
            more[rows, slowest] += 1
            fits = self.memory.of(Allocation.bounded(more, ready)) <= LIMIT
            going = ~enough & ~given & fits
            if not going.any():
                break
            workers = np.where(going[:, None], more, workers)
        return Allocation.bounded(workers, self.memory.room_for(workers, most=np.full(n, PREFETCH)))
