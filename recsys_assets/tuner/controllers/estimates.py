"""What can be known of a running pipeline from its readings, kept up as they come: running means of noisy figures.

Every tuner gets its figures from here, so that none is ahead by better statistics of the same readings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray, Readings

SATURATED = 0.9
"""Share of the cores from which work is slowed by other work: such an interval says nothing of a stage alone."""
LIMIT = 0.98
"""Of the memory, beside the margin for what is not known exactly."""
FIRST_READINGS = 4.0
"""That the assumed noise of readings weighs as much as."""
SAFE = 3.0
"""Standard errors that memory is taken to be larger than estimated."""
FEW_READY = 2
"""Batches ready that are never given up for more workers."""
PREFETCH = 16
"""Batches ready that tuners without an opinion ask for: more than that evens nothing out."""


class RunningMean:
    """Mean of noisy readings (b, ...) of quantities that do not change, and how far off it may be."""

    def __init__(self, shape: tuple[int, ...], *, noise: float = 0.1) -> None:
        """`noise`: what a reading is taken to be off by, as a share, before there are enough to tell."""
        self.sum, self.squares, self.n, self.noise = np.zeros(shape), np.zeros(shape), np.zeros(shape), noise

    def add(self, values: FloatArray, valid: np.ndarray) -> None:
        """`valid` (b,): rows whose values are to be believed."""
        told = np.broadcast_to(valid.reshape(-1, *[1] * (values.ndim - 1)), values.shape)
        self.sum += np.where(told, values, 0)
        self.squares += np.where(told, values**2, 0)
        self.n += told

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.sum / np.maximum(self.n, 1))

    def error(self, scale: FloatArray) -> FloatArray:
        """Standard error of the mean; `scale`: what `noise` is a share of."""
        n = np.maximum(self.n, 1)
        variance = np.maximum(self.squares / n - self.mean**2, 0)
        known = variance * n + FIRST_READINGS * (self.noise * scale) ** 2
        return np.asarray(np.sqrt(known / (n + FIRST_READINGS) / n))


class MemoryEstimate:
    """Memory of an allocation that was not tried yet: of a worker of each stage, of a batch, and of all else.

    Weighted least squares on all readings at once, the whole memory among them, so that what is known of the sum counts
    beside what is known of the parts. Every reading is taken to be off by the same share, which is estimated with it.
    """

    PARTS = N_STAGES + 2
    NOISE, SURE = 0.1, 8.0
    """Of readings before they have shown it, and the number of readings that this weighs as much as."""

    def __init__(self, n: int) -> None:
        self.precision, self.moment = np.zeros((n, self.PARTS, self.PARTS)), np.zeros((n, self.PARTS))
        self.square, self.told = np.zeros(n), np.zeros(n)
        self.scale, self.readings = np.zeros((n, self.PARTS)), np.zeros(n)
        self._solve()

    def learn(self, readings: Readings) -> None:
        a, b = readings.allocation.workers.astype(np.float64), readings.allocation.prefetch.astype(np.float64)
        running = ~readings.down
        read = np.column_stack([readings.stage_memory / a, readings.batch_memory, readings.memory])
        self.readings = self.readings + running
        step = running / np.maximum(1, self.readings)
        self.scale = self.scale + step[:, None] * (read - self.scale)  # of readings: the noise is a share of these
        x = np.zeros((len(a), self.PARTS, self.PARTS))
        x[:, range(N_STAGES + 1), range(N_STAGES + 1)] = 1
        x[:, -1] = np.column_stack([a, b, np.ones(len(a))])
        scale = np.maximum(self.scale, 1e-12)
        whole = (x[:, -1] * self.parts).sum(axis=1)
        scale[:, -1] = np.maximum(np.where(self.told > 0, whole, readings.memory), 1e-12)
        weighted, y = x / scale[:, :, None] * running[:, None, None], read / scale * running[:, None]
        self.precision = self.precision + np.einsum("bki,bkj->bij", weighted, weighted)
        self.moment = self.moment + np.einsum("bki,bk->bi", weighted, y)
        self.square, self.told = self.square + (y**2).sum(axis=1), self.told + running * self.PARTS
        self._solve()

    def _solve(self) -> None:
        """Parts (b, PARTS) and their covariance, for readings that are off by all of themselves."""
        known = (
            self.precision
            + 1e-9 * np.eye(self.PARTS) * np.maximum(1, np.trace(self.precision, axis1=1, axis2=2))[:, None, None]
        )
        self.covariance = np.linalg.inv(known)
        parts = np.einsum("bij,bj->bi", self.covariance, self.moment)
        left = np.maximum(0, self.square - (parts * self.moment).sum(axis=1))
        free = np.maximum(0, self.told - self.PARTS)
        self.noise = np.sqrt((left + self.SURE * self.NOISE**2) / (free + self.SURE))
        self.parts = np.maximum(0, parts)

    def of(self, allocation: Allocation) -> FloatArray:
        """(b,) share of the budget, on the safe side."""
        return self.of_columns(allocation.workers, allocation.prefetch)

    def of_columns(self, workers: NDArray[Any], prefetch: NDArray[Any]) -> FloatArray:
        """(..., b) of `workers` (..., b, n) and `prefetch` (..., b)."""
        x = np.concatenate([workers, prefetch[..., None], np.ones((*prefetch.shape, 1))], axis=-1)
        variance = (np.einsum("...bi,bij->...bj", x, self.covariance) * x).sum(axis=-1)
        return np.asarray((x * self.parts).sum(axis=-1) + SAFE * self.noise * np.sqrt(np.maximum(0, variance)))

    def room_for(self, workers: NDArray[Any], *, most: NDArray[Any]) -> IntArray:
        """(..., b) batches that may wait ready beside `workers`, `FEW_READY` at least, `most` (..., b) at most."""
        low = np.minimum(FEW_READY, np.broadcast_to(most, workers.shape[:-1])).astype(np.int64)
        high = np.broadcast_to(most, workers.shape[:-1]).astype(np.int64)
        for _ in range(6):
            middle = (low + high + 1) // 2
            fits = self.of_columns(workers, middle) <= LIMIT
            low, high = np.where(fits, middle, low), np.where(fits, high, np.maximum(low, middle - 1))
        return low


def within_memory(wanted: Allocation, memory: MemoryEstimate) -> Allocation:
    """`wanted`, or what of it fits: fewer batches ready first, down to `FEW_READY`, then all stages in proportion."""
    few = Allocation(wanted.workers, memory.room_for(wanted.workers, most=wanted.prefetch))
    low, high = np.zeros(len(wanted)), np.ones(len(wanted))
    for _ in range(12):
        middle = (low + high) / 2
        inside = memory.of(_part(few, middle)) <= LIMIT
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return few.where(memory.of(few) <= LIMIT, _part(few, low))


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
    WEIGHT = np.array([0.0, 3e4, 3e9])
    """How much readings it takes to move each, in units of 1 / relative variance of 3 %."""
    NOISE, SURE = 0.03, 3.0
    """Of readings before they have shown it, and the number of readings that this weighs as much as."""

    def __init__(self, n: int) -> None:
        self.gram = np.zeros((n, N_STAGES, 3, 3))
        self.moment = np.zeros((n, N_STAGES, 3))
        self.scale = np.zeros((n, N_STAGES))
        self.square, self.told = np.zeros((n, N_STAGES)), np.zeros((n, N_STAGES))

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
        self.square += weight * seconds**2
        self.told += weight * seconds**2

    def noise(self) -> FloatArray:
        """(b, n) deviation of a reading from the curve, as a share: what it is taken for at first, then what it was."""
        left = self.square - (self.moment * self._solved(np.ones_like(self.scale))).sum(axis=2)
        known = np.maximum(0, left) + self.SURE * self.NOISE**2
        return np.asarray(np.sqrt(known / (np.maximum(0, self.told - 1) + self.SURE)))

    def uncertainty(self) -> FloatArray:
        """(b, n) by how much, as a share, a stage may be slower than its curve says."""
        return np.asarray(self.noise() / np.sqrt(np.maximum(1, self.told)))

    def coefficients(self) -> FloatArray:
        """(b, n, 3), none negative."""
        scale = np.maximum(self.scale, 1e-12)
        found = self._solved((self.noise() / self.NOISE) ** 2)
        found[:, :, 0] = np.maximum(found[:, :, 0], 0.2 * scale)
        return np.asarray(np.maximum(found, 0))

    def _solved(self, noisier: FloatArray) -> FloatArray:
        """(b, n, 3) with a ridge that is `noisier` (b, n) times as heavy as for readings of `NOISE`."""
        scale = np.maximum(self.scale, 1e-12)
        ridge = self.WEIGHT * noisier[:, :, None] / 1e3 / scale[:, :, None] ** 2
        gram = self.gram + ridge[:, :, :, None] * np.eye(3) + 1e-9 / scale[:, :, None, None] ** 2 * np.eye(3)
        moment = self.moment + ridge * self.PRIOR * scale[:, :, None]
        return np.asarray(np.linalg.solve(gram, moment[:, :, :, None])[:, :, :, 0])
