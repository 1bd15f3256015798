"""How fast the trainer would go, were it never kept waiting: batches that it took over the time that it did not wait.

Summed over intervals before they are divided: an interval in which it waited nearly all the time says nearly nothing
of its speed, and so counts for nearly nothing, where the mean of the intervals' quotients would be ruined by it.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.readings import FloatArray, Readings

LEAST = 1e-3
"""Share of an interval in which the trainer is taken to have worked at least: readings are noisy."""


class TrainerRate:
    """Of n pipelines, in batches a second."""

    def __init__(self, n: int) -> None:
        self.made, self.worked = np.zeros(n), np.zeros(n)

    def add(self, readings: Readings) -> None:
        running = ~readings.down
        self.made += np.where(running, readings.throughput, 0)
        self.worked += np.where(running, np.maximum(1 - readings.stall, LEAST), 0)

    @property
    def mean(self) -> FloatArray:
        """(n,); 0 where nothing was read yet."""
        return np.asarray(self.made / np.maximum(self.worked, LEAST))
