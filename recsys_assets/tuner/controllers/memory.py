"""Memory of an allocation that was not tried yet: of a worker of each stage, of a batch, and of all else.

Every reading is taken to be off by the same share: log y = log(x theta) + sigma z, with theta the parts (positive, so
their logarithms are what is estimated), and x what a reading adds up. A Kalman filter in log theta, linear in readings
of one part and linearized in those of the whole; sigma is estimated with it from how far readings are off what was
foretold. What the whole tells is used beside what the parts tell. An allocation that ran out of memory held more than
there is: until readings say so too, everything is taken to be larger by as much as it takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray, Readings

LIMIT = 1.0
"""Of the memory, beside the margin for what is not known exactly."""
SAFE = 3.5
"""Standard errors that memory is taken to be larger than estimated."""
FEW_READY = 2
"""Batches ready that are never given up for more workers."""
TINY = 1e-9
"""Share of the budget below which nothing is told apart."""


class MemoryEstimate:
    """Kept up for b pipelines."""

    PARTS = N_STAGES + 2
    NOISE, SURE = 0.12, 8.0
    """Of readings before they have shown it, and the number of readings that this weighs as much as."""
    ELSE, ELSE_SPREAD = 0.1, 1.5
    """What is neither a worker's nor a batch's, before it has shown, and by how much its logarithm may be off."""

    UNHEARD = 1e-9
    """Precision of a part that told nothing yet; the whole, then, says nothing of it."""

    def __init__(self, n: int) -> None:
        self.log = np.full((n, self.PARTS), np.log(self.ELSE))
        self.precision = np.zeros((n, self.PARTS, self.PARTS))
        """Of the logarithms, for readings that are off by all of themselves."""
        self.precision[:, range(self.PARTS), range(self.PARTS)] = self.UNHEARD
        self.precision[:, -1, -1] = (self.NOISE / self.ELSE_SPREAD) ** 2
        self.square, self.told = np.zeros(n), np.zeros(n)
        self.was_down, self.crashed = np.zeros(n, dtype=np.bool_), np.zeros((n, self.PARTS))
        """What ran out of memory last, as `x`; zeros where nothing did."""
        self.covariance = np.linalg.inv(self.precision)
        self._finish()

    def learn(self, readings: Readings) -> None:
        """What pipelines that are down hold says nothing, and no more does a stage that held nothing yet."""
        running = ~readings.down
        self._crash(readings)
        a, b = readings.allocation.workers.astype(np.float64), readings.allocation.prefetch.astype(np.float64)
        of_parts, x = np.column_stack([readings.stage_memory / a, readings.batch_memory]), np.column_stack([a, b])
        told = (of_parts > TINY) & running[:, None]
        of_parts, whole = np.log(np.maximum(of_parts, TINY)), np.log(np.maximum(readings.memory, TINY))
        first = running & (self.told == 0)
        before = self.log.copy()
        before[:, :-1] = np.where(first[:, None], of_parts, before[:, :-1])
        x, at = np.column_stack([x, np.ones(len(a))]), before
        heard = np.column_stack(
            [told | (np.diagonal(self.precision, axis1=1, axis2=2)[:, :-1] > 2 * self.UNHEARD), np.ones(len(a))]
        )
        for _ in range(2):  # the second time linearized where the first came to
            share = x * np.exp(at) * heard
            total = share.sum(axis=1)
            share = share / total[:, None]
            gram = self.precision + share[:, :, None] * share[:, None, :]
            gram[:, range(self.PARTS - 1), range(self.PARTS - 1)] += told
            off = whole - np.log(total) + (share * at).sum(axis=1)
            moment = np.einsum("bij,bj->bi", self.precision, before) + share * off[:, None]
            moment[:, :-1] += told * of_parts
            covariance = np.linalg.inv(gram)
            at = np.einsum("bij,bj->bi", covariance, moment)
        moved, left = at - before, told * (of_parts - at[:, :-1]) ** 2
        left_whole = (whole - np.log((x * np.exp(at)).sum(axis=1))) ** 2
        surprise = left.sum(axis=1) + left_whole + np.einsum("bi,bij,bj->b", moved, self.precision, moved)
        self.square += np.where(running & ~first, surprise, 0)
        self.told += running * (1 + told.sum(axis=1))
        self.log = np.where(running[:, None], at, self.log)
        self.precision = np.where(running[:, None, None], gram, self.precision)
        self.covariance = np.where(running[:, None, None], covariance, self.covariance)
        self._finish()

    def _crash(self, readings: Readings) -> None:
        """In the first interval of being down, the allocation read is the one that was too large."""
        now = readings.allocation
        x = np.column_stack([now.workers, now.prefetch, np.ones(len(now))])
        self.crashed = np.where((readings.down & ~self.was_down)[:, None], x, self.crashed)
        self.was_down = readings.down

    def _finish(self) -> None:
        free = np.maximum(0, self.told - self.PARTS)
        self.noise = np.sqrt((self.square + self.SURE * self.NOISE**2) / (free + self.SURE))
        self.parts = np.where(self.told[:, None] > 0, np.exp(self.log), 0)
        crashed = (self.crashed * self.parts).sum(axis=1)
        self.parts *= np.where(crashed > 0, 1 / np.clip(crashed, TINY, 1), 1)[:, None]

    def of(self, allocation: Allocation) -> FloatArray:
        """(b,) share of the budget, on the safe side."""
        return self.of_columns(allocation.workers, allocation.prefetch)

    def of_columns(self, workers: NDArray[Any], prefetch: NDArray[Any]) -> FloatArray:
        """(..., b) of `workers` (..., b, n) and `prefetch` (..., b)."""
        x = np.concatenate([workers, prefetch[..., None], np.ones((*prefetch.shape, 1))], axis=-1) * self.parts
        whole = np.maximum(x.sum(axis=-1), TINY)
        variance = (np.einsum("...bi,bij->...bj", x, self.covariance) * x).sum(axis=-1)
        return np.asarray(whole * np.exp(SAFE * self.noise * np.sqrt(np.maximum(0, variance)) / whole))

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
