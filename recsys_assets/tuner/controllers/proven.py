"""Allocations that ran for an interval and so are known to fit, whatever a noisy estimate says of them later.

What an allocation holds grows with each of its workers and with the batches that wait ready: one that ran is proof for
all that have no more of anything. The last `KEPT` of each pipeline that are not covered by others are remembered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation

KEPT = 6


class Proven:
    """Of b pipelines."""

    def __init__(self, n: int) -> None:
        self.workers = np.zeros((KEPT, n, N_STAGES), dtype=np.int64)
        self.prefetch = np.zeros((KEPT, n), dtype=np.int64)

    def add(self, ran: Allocation, which: NDArray[np.bool_]) -> None:
        """`which` (b,): of the allocations `ran`, those that did."""
        new = which & ~self.cover(ran.workers, ran.prefetch)
        workers = np.concatenate([ran.workers[None], self.workers[:-1]])
        prefetch = np.concatenate([ran.prefetch[None], self.prefetch[:-1]])
        self.workers = np.where(new[:, None], workers, self.workers)
        self.prefetch = np.where(new, prefetch, self.prefetch)

    def cover(self, workers: NDArray[Any], prefetch: NDArray[Any]) -> NDArray[np.bool_]:
        """(..., b) whether `workers` (..., b, n) and `prefetch` (..., b) are no more than what ran."""
        covered = np.zeros(prefetch.shape, dtype=np.bool_)
        for most, ready in zip(self.workers, self.prefetch, strict=True):
            covered |= (workers <= most).all(axis=-1) & (prefetch <= ready)
        return covered
