"""What a tuner that was given no model sees: each stage's figures, and those of the whole, as ratios.

Per stage: workers, share of time at work, workers that the cores' and the trainer's rate would ask of it, slowdown
since the first reading, share of a worker's time that is CPU, memory, its last move. `whole` alone is what InTune is
described to see: workers, but nothing of what each stage does.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES
from recsys_assets.tuner.controllers.estimates import RunningMean
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.readings import FloatArray, Readings

PER_STAGE, GLOBAL = 7, 13
LONG = 10.0
"""Intervals after which "since the cores changed" is long ago."""


class StageObserver:
    """Remembers what a reading has to be compared with. Of a pipeline that is down: what it was before it was."""

    def __init__(self, n: int) -> None:
        self.memory = MemoryEstimate(n)
        self.cpu, self.trainer = RunningMean((n, N_STAGES)), TrainerRate(n)
        self.throughput, self.first = np.zeros(n), np.zeros((n, N_STAGES))
        self.workers = np.ones((n, N_STAGES), dtype=np.int64)
        self.cores, self.since, self.best = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)
        self.stages, self.whole = np.zeros((n, PER_STAGE * N_STAGES)), np.zeros((n, GLOBAL))

    def see(self, readings: Readings) -> None:
        """Brings `stages` (b, PER_STAGE * N_STAGES) and `whole` (b, GLOBAL) up to date."""
        running = ~readings.down
        self.memory.learn(readings)
        self.cpu.add(readings.cpu, running)
        self.trainer.add(readings)
        resized = readings.cores != self.cores
        self.since = np.where(resized, 0, self.since + 1)
        self.best = np.where(resized, 0, self.best)
        seconds = 1 / np.maximum(readings.rate_per_worker, 1e-12)
        self.first = np.where((self.first == 0) & running[:, None], seconds, self.first)
        self.best = np.maximum(self.best, np.where(running, readings.throughput, 0))
        told = running[:, None]
        self.stages = np.where(told, self._stages(readings, seconds), self.stages)
        self.whole = np.where(told, self._whole(readings), self.whole)
        self.whole[:, 0] = readings.down
        self.cores = readings.cores
        self.throughput = np.where(running, readings.throughput, self.throughput)
        self.workers = np.where(told, readings.allocation.workers, self.workers)

    def ceiling(self, readings: Readings) -> FloatArray:
        """(b,) the most that cores and trainer allow, by what was read."""
        cpu = np.maximum(self.cpu.mean.sum(axis=1), 1e-12)
        return np.asarray(np.minimum(readings.cores / cpu, np.maximum(self.trainer.mean, 1e-9)))

    def _stages(self, readings: Readings, seconds: FloatArray) -> FloatArray:
        workers = readings.allocation.workers
        columns = [
            np.log2(workers / readings.cores[:, None]) / 4,
            readings.busy,
            np.log2(np.maximum(self.ceiling(readings)[:, None] * seconds / workers, 1e-9)) / 2,
            np.log2(np.maximum(seconds, 1e-12) / np.maximum(self.first, 1e-12)),
            np.clip(readings.cpu * readings.rate_per_worker, 0, 2),
            readings.stage_memory,
            np.log2(workers / self.workers),
        ]
        return np.concatenate(columns, axis=1)

    def _whole(self, readings: Readings) -> FloatArray:
        x, workers = np.maximum(readings.throughput, 1e-9), readings.allocation.workers.sum(axis=1)
        columns = [
            readings.down,
            np.log2(readings.cores) / 7 - 0.7,
            np.log2(x / self.ceiling(readings)) / 2,
            readings.stall,
            readings.memory,
            readings.allocation.prefetch / MOST_PREFETCH,
            np.log2(readings.allocation.prefetch) / 5,
            np.clip(np.log2(x / np.maximum(self.throughput, 1e-9)), -2, 2),
            np.clip(np.log2(x / np.maximum(self.best, 1e-9)), -2, 0),
            np.minimum(self.since, LONG) / LONG,
            np.log2(workers / readings.cores) / 4,
            readings.cpu.sum(axis=1) * readings.throughput / readings.cores,
            10 * readings.batch_memory,
        ]
        return np.stack(columns, axis=1)
