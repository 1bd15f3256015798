"""What a tuner decides: workers of each stage, and how many batches wait ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

STAGES = ("fetch", "decode", "sample", "batch")
"""In the order of the data: storage -> rows -> windows and negatives -> shuffled, padded batches."""
N_STAGES = len(STAGES)
MOST_WORKERS, MOST_PREFETCH = 128, 32
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Allocation:
    """Of b pipelines: `workers` (b, N_STAGES) 1-128, `prefetch` (b,) 1-32 batches."""

    workers: IntArray
    prefetch: IntArray

    def __post_init__(self) -> None:
        if self.workers.shape != (len(self.prefetch), N_STAGES):
            raise ValueError(
                f"workers of shape {self.workers.shape} for {len(self.prefetch)} pipelines; {N_STAGES} a pipeline"
            )

    @classmethod
    def least(cls, n: int) -> Self:
        """One worker a stage and one batch ready: what nobody tuned."""
        return cls(np.ones((n, N_STAGES), dtype=np.int64), np.ones(n, dtype=np.int64))

    @classmethod
    def bounded(cls, workers: NDArray[np.generic], prefetch: NDArray[np.generic]) -> Self:
        """The nearest that is allowed."""
        return cls(
            np.clip(np.rint(workers.astype(np.float64)), 1, MOST_WORKERS).astype(np.int64),
            np.clip(np.rint(prefetch.astype(np.float64)), 1, MOST_PREFETCH).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.prefetch)

    def take(self, rows: IntArray) -> Allocation:
        return Allocation(self.workers[rows], self.prefetch[rows])

    def where(self, chosen: NDArray[np.bool_], other: Allocation) -> Allocation:
        """This in rows that are `chosen` (b,), `other` elsewhere."""
        return Allocation(
            np.where(chosen[:, None], self.workers, other.workers), np.where(chosen, self.prefetch, other.prefetch)
        )

    def moved_from(self, other: Allocation) -> IntArray:
        """(b,) workers that were added or taken away since `other`."""
        moved: IntArray = np.abs(self.workers - other.workers).sum(axis=1)
        return moved
