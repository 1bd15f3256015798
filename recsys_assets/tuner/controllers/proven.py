"""Allocations that ran for an interval and so are known to fit, whatever a noisy estimate says of them later.

What an allocation holds grows with each of its workers and with the batches that wait ready: one that ran is proof for
all that have no more of anything. The last `KEPT` of each pipeline that are not covered by others are remembered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray

KEPT = 6


class Proven:
    """Of b pipelines."""

    def __init__(self, n: int) -> None:
        self.workers = np.zeros((n, KEPT, N_STAGES), dtype=np.int64)
        self.prefetch = np.zeros((n, KEPT), dtype=np.int64)

    def add(self, ran: Allocation, which: NDArray[np.bool_]) -> None:
        """`which` (b,): of the allocations `ran`, those that did."""
        new = which & ~self.cover(ran)
        workers = np.concatenate([ran.workers[:, None], self.workers[:, :-1]], axis=1)
        prefetch = np.concatenate([ran.prefetch[:, None], self.prefetch[:, :-1]], axis=1)
        self.workers = np.where(new[:, None, None], workers, self.workers)
        self.prefetch = np.where(new[:, None], prefetch, self.prefetch)

    def ready(self, workers: NDArray[Any]) -> IntArray:
        """(..., b) batches ready with which `workers` (..., b, n), or more, have run; 0 where they have not."""
        found = np.zeros(workers.shape[:-1], dtype=np.int64)
        for place in range(KEPT):
            most = self.workers[:, place]
            ran = workers[..., 0] <= most[:, 0]
            for stage in range(1, N_STAGES):
                ran &= workers[..., stage] <= most[:, stage]
            found = np.maximum(found, np.where(ran, self.prefetch[:, place], 0))
        return found

    def cover(self, allocation: Allocation) -> NDArray[np.bool_]:
        """(b,) whether it is no more than what ran."""
        return np.asarray(allocation.prefetch <= self.ready(allocation.workers))

    def beyond(self, workers: NDArray[Any]) -> NDArray[np.bool_]:
        """(KEPT, ..., b) whether `workers` are at least those of each that ran."""
        found = np.ones((KEPT, *workers.shape[:-1]), dtype=np.bool_)
        for place in range(KEPT):
            for stage in range(N_STAGES):
                found[place] &= workers[..., stage] >= self.workers[:, place, stage]
        return found
