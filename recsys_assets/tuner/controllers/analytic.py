"""Two optimizers of today, re-implemented on the same readings: Plumber's linear program, and tf.data's AUTOTUNE.

Plumber (Kuchnik et al., MLSys 2022): max X subject to theta_i >= X * cpu_i and sum theta_i <= cores, with theta_i the
cores that stage i uses and cpu_i its CPU seconds for a batch; so X = cores / sum cpu_i, and stage i gets the workers
that make X: theta_i where it computes all the time, more where it waits for storage, which needs no core. (Plumber's
own `convex_solver.py` has the first alone; readers for storage are found by measuring its bandwidth.)

AUTOTUNE (Murray et al., VLDB 2021), as hill climbing in TensorFlow's `model.cc`: from the least on, the one parameter
whose step lowers the modelled time for a batch most is raised, up to the threads of the pool for each, until that time
is below (time of all stages) / `cpu_budget`. Time is wall time there, waits for storage too; pool and budget are the
cores unless options say otherwise. So on 2 cores no stage ever waits for more than two reads at once: `threads` are
the options that a user would set. Both take stages to scale linearly, and are told here what the trainer can take.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import PREFETCH, RunningMean
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.controllers.with_ready import LIMIT
from recsys_assets.tuner.readings import Readings


class PlumberProgram:
    """Solved anew after each interval."""

    name = "Plumber's LP"

    def begin(self, n: int) -> None:
        self.seconds, self.cpu, self.trainer = RunningMean((n, N_STAGES)), RunningMean((n, N_STAGES)), TrainerRate(n)

    def decide(self, readings: Readings) -> Allocation:
        self.seconds.add(1 / np.maximum(readings.rate_per_worker, 1e-12), ~readings.down)
        self.cpu.add(readings.cpu, ~readings.down)
        self.trainer.add(readings)
        rate = np.minimum(readings.cores / np.maximum(self.cpu.mean.sum(axis=1), 1e-12), self.trainer.mean)
        wanted = np.ceil(rate[:, None] * self.seconds.mean - 1e-6)
        return Allocation.bounded(wanted, np.full(len(readings), PREFETCH))


class Autotune:
    """Climbs in its model after the first intervals, and again when the machine changes; else leaves things alone."""

    name = "AUTOTUNE-like"
    PROFILED = 3
    """Intervals that are read before each climb."""

    def __init__(self, *, threads: int | None = None) -> None:
        """`threads`: of the pool, and `cpu_budget`; None: the cores."""
        self.threads = threads
        if threads is not None:
            self.name = f"{self.name}, {threads} threads"

    def begin(self, n: int) -> None:
        self.seconds, self.memory, self.trainer = RunningMean((n, N_STAGES)), MemoryEstimate(n), TrainerRate(n)
        self.cores, self.read = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.chosen = Allocation.least(n)

    def decide(self, readings: Readings) -> Allocation:
        self.seconds.add(1 / np.maximum(readings.rate_per_worker, 1e-12), ~readings.down)
        self.memory.learn(readings)
        self.trainer.add(readings)
        self.read = np.where(readings.cores == self.cores, self.read + 1, 1)
        self.cores = readings.cores
        due = (self.read == 1) | (self.read == self.PROFILED) | (self.read % (2 * self.PROFILED) == 0)
        self.chosen = self._climbed(readings).where(due, self.chosen)
        return self.chosen

    def _climbed(self, readings: Readings) -> Allocation:
        seconds, n = np.maximum(self.seconds.mean, 1e-12), len(readings)
        budget = readings.cores if self.threads is None else np.full(n, self.threads)
        workers, ready = np.ones((n, N_STAGES), dtype=np.int64), np.ones(n, dtype=np.int64)
        rows, aim = np.arange(n), np.maximum(seconds.sum(axis=1) / budget, 1 / np.maximum(self.trainer.mean, 1e-12))
        for _ in range(N_STAGES * int(budget.max())):
            slowest = (seconds / workers).argmax(axis=1)
            more = workers.copy()
            more[rows, slowest] += 1
            fits = self.memory.of(Allocation.bounded(more, ready)) <= LIMIT
            going = ((seconds / workers).max(axis=1) > aim) & (workers[rows, slowest] < budget) & fits
            if not going.any():
                break
            workers = np.where(going[:, None], more, workers)
        return Allocation.bounded(workers, self.memory.room_for(workers, most=np.full(n, PREFETCH)))
