"""Memory of given workers with so many batches ready: what is expected, how far off it may be, how many have room.

    expected(b) = whole + b batch,   error(b)^2 = noise^2 (variance + 2 b covariance + b^2 own)

All but b is worked out once for the workers; margins and numbers of batches are then cheap to try.

What has more of everything than what ran does not fit with the probability by which the two differ: had the smaller not
fitted, it would not have run. So a small step is a small risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import IntArray
from recsys_assets.tuner.controllers.proven import Proven
from recsys_assets.tuner.readings import FloatArray

LIMIT = 1.0
"""Of the memory, beside the margin for what is not known exactly."""
FEW_READY = 2
"""Batches ready that are never given up for more workers."""
TINY = 1e-9
"""Share of the budget below which nothing is told apart."""


@dataclass(frozen=True)
class WithReady:
    """Of workers (..., b, n): each figure (..., b), `batch`, `own` and `noise` (b,)."""

    whole: FloatArray
    batch: FloatArray
    variance: FloatArray
    covariance: FloatArray
    own: FloatArray
    noise: FloatArray
    ran: IntArray
    """Batches ready with which these workers, or more, have run: so many fit."""
    workers: IntArray
    proven: Proven
    risk_of_proven: FloatArray
    """(b, k) of all that ran: the probability that it would not fit, had it not been seen to run."""

    def expected(self, ready: NDArray[Any]) -> FloatArray:
        """(..., b) share of the budget."""
        return np.asarray(self.whole + ready * self.batch)

    def error(self, ready: NDArray[Any]) -> FloatArray:
        """(..., b) standard error of that."""
        variance = self.variance + ready * (2 * self.covariance + ready * self.own)
        return np.asarray(self.noise * np.sqrt(np.maximum(0, variance)))

    def safely(self, ready: NDArray[Any], *, safe: float) -> FloatArray:
        """(..., b) larger by `safe` standard errors; `LIMIT` at most where it ran and is not found to be too much."""
        expected = self.expected(ready)
        found = expected + safe * self.error(ready)
        return np.asarray(np.where(self._proven(ready, expected), np.minimum(found, LIMIT), found))

    def risk(self, ready: NDArray[Any]) -> FloatArray:
        """(..., b) probability that it does not fit."""
        expected = self.expected(ready)
        too_much = tail(expected, self.error(ready))
        known, beyond = np.zeros_like(too_much), self.proven.beyond(self.workers)
        for more, least, before in zip(beyond, self.proven.prefetch.T, self.risk_of_proven.T, strict=True):
            known = np.maximum(known, np.where(more & (ready >= least), before, 0))
        return np.asarray(np.where(self._proven(ready, expected), 0.0, np.maximum(0, too_much - known)))

    def room(self, *, most: NDArray[Any], safe: float) -> IntArray:
        """(..., b) batches that fit, `FEW_READY` at least, `most` (..., b) at most."""
        high = np.broadcast_to(most, self.whole.shape).astype(np.int64)
        low = np.minimum(FEW_READY, high)
        for _ in range(6):
            middle = (low + high + 1) // 2
            fits = self.safely(middle, safe=safe) <= LIMIT
            low, high = np.where(fits, middle, low), np.where(fits, high, np.maximum(low, middle - 1))
        return low

    def _proven(self, ready: NDArray[Any], expected: FloatArray) -> NDArray[np.bool_]:
        return np.asarray((ready <= self.ran) & (expected <= LIMIT))


def tail(expected: FloatArray, error: FloatArray) -> FloatArray:
    """Probability that what is `expected`, give or take its `error`, does not fit."""
    from scipy.special import ndtr

    return np.asarray(ndtr((expected - LIMIT) / np.maximum(error, TINY)))
