"""What can be known of a running pipeline from its readings, kept up as they come: running means of noisy figures.

Every tuner gets its figures from here, so that none is ahead by better statistics of the same readings.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.readings import FloatArray

SATURATED = 0.9
"""Share of the cores from which work is slowed by other work: such an interval says nothing of a stage alone."""
FIRST_READINGS = 4.0
"""That the assumed noise of readings weighs as much as."""
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
