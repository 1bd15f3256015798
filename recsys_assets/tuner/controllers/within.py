"""What of a wish fits into the memory as far as it is known."""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.with_ready import LIMIT
from recsys_assets.tuner.readings import FloatArray


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
