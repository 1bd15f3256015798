"""What can be known of a running pipeline from its readings, kept up as they come: running means of noisy figures.

Every tuner gets its figures from here, so that none is ahead by better statistics of the same readings.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray, Readings

SATURATED = 0.9
"""Share of the cores from which work is slowed by other work: such an interval says nothing of a stage alone."""
LIMIT = 0.95
"""Of the memory, before the margin for what is not known exactly."""
FEW_READY = 2
"""Batches ready that are never given up for more workers."""
PREFETCH = 16
"""Batches ready that tuners without an opinion ask for: more than that evens nothing out."""


class RunningMean:
    """Mean of noisy readings (b, ...) of quantities that do not change, and how far off it may be."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.sum, self.squares, self.n = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, values: FloatArray, valid: np.ndarray) -> None:
        """`valid` (b,): rows whose values are to be believed."""
        told = np.broadcast_to(valid.reshape(-1, *[1] * (values.ndim - 1)), values.shape)
        self.sum += np.where(told, values, 0)
        self.squares += np.where(told, values**2, 0)
        self.n += told

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.sum / np.maximum(self.n, 1))

    @property
    def relative_error(self) -> FloatArray:
        """Standard error of the mean, as a share of it; what one reading may be off by is taken for 10 % at first."""
        mean, n = self.mean, np.maximum(self.n, 1)
        variance = np.maximum(self.squares / n - mean**2, 0)
        prior = 4.0
        deviation = np.sqrt((variance * n + prior * (0.1 * mean) ** 2) / (n + prior))
        return np.asarray(deviation / np.maximum(np.abs(mean), 1e-12) / np.sqrt(n))


class MemoryEstimate:
    """Memory of an allocation that was not tried yet: bytes a worker and a batch from their readings, the rest fixed."""

    def __init__(self, n: int) -> None:
        self.worker, self.batch, self.base = RunningMean((n, N_STAGES)), RunningMean((n,)), RunningMean((n,))

    def learn(self, readings: Readings) -> None:
        running = ~readings.down
        self.worker.add(readings.stage_memory / readings.allocation.workers, running)
        self.batch.add(readings.batch_memory, running)
        held = readings.stage_memory.sum(axis=1) + readings.allocation.prefetch * readings.batch_memory
        self.base.add(np.maximum(0, readings.memory - held), running)

    @property
    def one_worker(self) -> FloatArray:
        """(b, n) two standard errors on the safe side, as are the others."""
        return np.asarray(self.worker.mean * (1 + 2 * self.worker.relative_error))

    @property
    def one_batch(self) -> FloatArray:
        """(b,)."""
        return np.asarray(self.batch.mean * (1 + 2 * self.batch.relative_error))

    def of(self, allocation: Allocation) -> FloatArray:
        """(b,) share of the budget."""
        workers = (allocation.workers * self.one_worker).sum(axis=1)
        return np.asarray(workers + allocation.prefetch * self.one_batch + self.base.mean)


def within_memory(wanted: Allocation, memory: MemoryEstimate, *, limit: float = LIMIT) -> Allocation:
    """`wanted`, or what of it fits: fewer batches ready first, down to `FEW_READY`, then all stages in proportion."""
    few = with_prefetch(wanted.workers, memory, most=wanted.prefetch, limit=limit)
    low, high = np.zeros(len(wanted)), np.ones(len(wanted))
    for _ in range(12):
        middle = (low + high) / 2
        inside = memory.of(_part(few, middle)) <= limit
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return few.where(memory.of(few) <= limit, _part(few, low))


def with_prefetch(workers: IntArray, memory: MemoryEstimate, *, most: IntArray, limit: float = LIMIT) -> Allocation:
    """These workers, and as many batches ready as there is room for, `FEW_READY` to `most` (b,)."""
    one = Allocation(workers, np.ones(len(workers), dtype=np.int64))
    room = 1 + (limit - memory.of(one)) / np.maximum(memory.one_batch, 1e-12)
    return Allocation.bounded(workers, np.clip(np.floor(room), np.minimum(FEW_READY, most), most))


def _part(allocation: Allocation, share: FloatArray) -> Allocation:
    """One worker a stage, and `share` (b,) of the others."""
    more = np.floor(share[:, None] * (allocation.workers - 1)).astype(np.int64)
    return Allocation(1 + more, allocation.prefetch)


class StageCurves:
    """How each stage's time for a batch grows with its workers, from what was read at different numbers of them.

        1 / rate_per_worker(a) = c0 + c1 (a - 1) + c2 a (a - 1)

    The universal scalability law is linear in c = (1, sigma, kappa) / r: ridge regression towards mild contention.
    """

    PRIOR = np.array([1.0, 0.01, 1e-4])
    """Of c1 and c2 as parts of c0."""
    WEIGHT = np.array([0.0, 3e5, 3e8])
    """How much readings it takes to move each, in units of 1 / relative variance of 3 %."""

    def __init__(self, n: int) -> None:
        self.gram = np.zeros((n, N_STAGES, 3, 3))
        self.moment = np.zeros((n, N_STAGES, 3))
        self.scale = np.zeros((n, N_STAGES))

    def learn(self, readings: Readings) -> None:
        """Down or saturated intervals are left out; so are stages that hardly worked."""
        used = (readings.cpu.sum(axis=1) * readings.throughput) / readings.cores
        valid = (~readings.down & (used < SATURATED))[:, None] & (readings.busy > 0.02) & (readings.busy < 1.5)
        first = self.scale == 0
        valid = valid | (first & ~readings.down[:, None])
        seconds = 1 / np.maximum(readings.rate_per_worker, 1e-12)
        self.scale = np.where(first & valid, seconds, self.scale)
        a = readings.allocation.workers.astype(np.float64)
        x = np.stack([np.ones_like(a), a - 1, a * (a - 1)], axis=2)
        weight = np.where(valid, (readings.busy / np.maximum(seconds, 1e-12)) ** 2, 0.0)
        self.gram += weight[:, :, None, None] * x[:, :, :, None] * x[:, :, None, :]
        self.moment += (weight * seconds)[:, :, None] * x

    def coefficients(self) -> FloatArray:
        """(b, n, 3), none negative."""
        scale = np.maximum(self.scale, 1e-12)
        ridge = self.WEIGHT / 1e3 / scale[:, :, None] ** 2
        gram = self.gram + ridge[:, :, :, None] * np.eye(3) + 1e-9 / scale[:, :, None, None] ** 2 * np.eye(3)
        moment = self.moment + ridge * self.PRIOR * scale[:, :, None]
        found = np.linalg.solve(gram, moment[:, :, :, None])[:, :, :, 0]
        found[:, :, 0] = np.maximum(found[:, :, 0], 0.2 * scale)
        return np.asarray(np.maximum(found, 0))
