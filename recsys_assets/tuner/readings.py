"""What is read of a running pipeline in one interval: all that a tuner may know. Columns, one row a pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import Allocation, IntArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """Of b pipelines over the last interval; rates are batches a second, memory is a share of the budget.

    While a pipeline is down after it ran out of memory, its rates are 0 and its other figures those of before.
    """

    allocation: Allocation
    cores: IntArray
    """(b,) cores that may be used."""
    throughput: FloatArray
    """(b,) batches handed to the trainer."""
    busy: FloatArray
    """(b, n) share of its workers' time that each stage worked, 0-1; the rest it waited for input or room."""
    cpu: FloatArray
    """(b, n) CPU seconds of each stage for a batch."""
    stall: FloatArray
    """(b,) share of the time in which the trainer waited for a batch, 0-1."""
    stage_memory: FloatArray
    """(b, n) held by the workers of each stage."""
    batch_memory: FloatArray
    """(b,) of one batch that waits ready."""
    memory: FloatArray
    """(b,) of all together, 1 is the budget."""
    down: NDArray[np.bool_]
    """(b,) not running: it ran out of memory and is being restarted."""

    def __len__(self) -> int:
        return len(self.throughput)

    @property
    def rate_per_worker(self) -> FloatArray:
        """(b, n) batches a second that one busy worker of each stage makes: DS2's true processing rate."""
        work = np.maximum(self.allocation.workers * self.busy, 1e-9)
        return np.asarray(self.throughput[:, None] / work)

    @property
    def trainer_rate(self) -> FloatArray:
        """(b,) what the trainer would take, were it never kept waiting."""
        return np.asarray(self.throughput / np.maximum(1 - self.stall, 1e-3))
