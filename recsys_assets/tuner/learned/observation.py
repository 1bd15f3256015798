"""What the learned tuner sees of a pipeline: ratios, so that one policy serves 2 cores and 128.

Per stage: workers, what the fitted model proposes, share of time at work, estimated slowdown by contention, share of
the memory and of the CPU. Of the whole: cores, throughput against the ceiling, stall, memory, prefetch, what changed.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, Allocation
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.readings import FloatArray, Readings

PER_STAGE, GLOBAL = 7, 11
WIDTH = PER_STAGE * N_STAGES + GLOBAL
LONG = 10.0
"""Intervals after which "since the cores changed" is long ago."""


class Observer:
    """Keeps what has to be remembered between intervals: the fitted model, the last throughput, the last re-size."""

    def __init__(self, n: int) -> None:
        self.model = ModelBased()
        self.model.begin(n)
        self.throughput, self.cores = np.zeros(n), np.zeros(n, dtype=np.int64)
        self.since = np.zeros(n)
        self.proposal = Allocation.least(n)

    def see(self, readings: Readings) -> np.ndarray:
        """(b, WIDTH) float32; `proposal` is the model's afterwards."""
        self.model.learn(readings)
        self.proposal = self.model.propose(readings)
        self.since = np.where(readings.cores == self.cores, self.since + 1, 0)
        before, self.throughput, self.cores = self.throughput, readings.throughput, readings.cores
        return np.concatenate([self._stages(readings), self._whole(readings, before)], axis=1).astype(np.float32)

    def _stages(self, readings: Readings) -> FloatArray:
        workers = readings.allocation.workers
        mean, _ = self.model.curves.log_seconds()
        slowdown = np.take_along_axis(mean, workers[:, :, None] - 1, axis=2)[:, :, 0] - mean[:, :, 0]
        cpu = readings.cpu * readings.throughput[:, None] / readings.cores[:, None]
        columns = [
            np.log2(workers / readings.cores[:, None]) / 4,
            np.log2(self.proposal.workers / workers) / 2,
            readings.busy,
            slowdown,
            readings.stage_memory,
            cpu,
            self.model.curves.uncertainty(),
        ]
        return np.concatenate(columns, axis=1)

    def _whole(self, readings: Readings, before: FloatArray) -> FloatArray:
        ceiling = np.minimum(self.model.ceiling(readings), 1e9)
        workers = readings.allocation.workers.sum(axis=1)
        columns = [
            np.log2(readings.cores) / 7 - 0.7,
            np.minimum(readings.throughput / ceiling, 2),
            readings.stall,
            readings.memory,
            readings.allocation.prefetch / MOST_PREFETCH,
            self.proposal.prefetch / MOST_PREFETCH,
            np.clip(np.log2(np.maximum(readings.throughput, 1e-9) / np.maximum(before, 1e-9)), -2, 2) / 2,
            np.minimum(self.since, LONG) / LONG,
            readings.down,
            np.log2(workers / readings.cores) / 4,
            self.model.memory.noise,
        ]
        return np.stack(columns, axis=1)
