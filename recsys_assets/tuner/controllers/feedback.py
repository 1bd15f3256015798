"""DS2's proportional control (Kalavri et al., OSDI 2018): as many workers as the rate to be reached asks for.

    workers_i = ceil(X / rate of one busy worker of stage i)

X is the largest rate that the trainer takes, the cores have time for and the memory has room for. It takes stages to
scale linearly from where they are, and corrects itself by reading again. The rival that counts.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import PREFETCH
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.with_ready import FEW_READY, LIMIT
from recsys_assets.tuner.readings import FloatArray, Readings

SMOOTHING = 0.5
"""Weight of the newest reading of a rate."""


class ProportionalControl:
    """Memory-aware, with rates smoothed over intervals."""

    name = "DS2-style control"

    def begin(self, n: int) -> None:
        self.rate, self.trainer = np.zeros((n, N_STAGES)), np.zeros(n)
        self.memory = MemoryEstimate(n)

    def decide(self, readings: Readings) -> Allocation:
        self.memory.learn(readings)
        running = ~readings.down
        self.rate = _smoothed(self.rate, readings.rate_per_worker, running[:, None])
        self.trainer = _smoothed(self.trainer, readings.trainer_rate, running)
        by_cores = readings.cores / np.maximum(readings.cpu.sum(axis=1), 1e-12)
        return self._within_memory(np.minimum(self.trainer, by_cores))

    def _within_memory(self, target: FloatArray) -> Allocation:
        """The largest rate up to `target` whose workers fit."""
        low, high = np.zeros(len(target)), np.ones(len(target))
        for _ in range(12):
            middle = (low + high) / 2
            inside = self.memory.of(self._for(middle * target)) <= LIMIT
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        whole = self._for(target)
        found = whole.where(self.memory.of(whole) <= LIMIT, self._for(low * target))
        ready = self.memory.room_for(found.workers, most=np.full(len(target), PREFETCH))
        return Allocation(found.workers, ready)

    def _for(self, target: FloatArray) -> Allocation:
        wanted = np.ceil(target[:, None] / np.maximum(self.rate, 1e-9) - 1e-6)
        return Allocation.bounded(np.minimum(wanted, 1e6), np.full(len(target), FEW_READY))


def _smoothed(old: FloatArray, new: FloatArray, told: np.ndarray) -> FloatArray:
    """The first reading counts whole."""
    mixed = np.where(old > 0, SMOOTHING * new + (1 - SMOOTHING) * old, new)
    return np.asarray(np.where(told & np.isfinite(new), mixed, old))
