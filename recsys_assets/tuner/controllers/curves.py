"""How each stage's rate grows with its workers: a posterior over shapes, from readings at different numbers of them.

    seconds a worker(a) = c max(1 + sigma (a - 1) + kappa a (a - 1), a / beta)

is the universal scalability law (Gunther, 1993), held back from beta workers on by what they share: a bandwidth, a
lock. Every (sigma, kappa, beta) of a grid is a hypothesis; log c has a flat prior and is integrated out, so that a
hypothesis weighs exp(-(its squared residuals of log seconds) / 2 tau^2). Few readings at few numbers of workers leave
many shapes possible: their mean is taken.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import MOST_WORKERS, N_STAGES
from recsys_assets.tuner.controllers.estimates import SATURATED
from recsys_assets.tuner.readings import FloatArray, Readings

SIGMA = {0.0: 2.0, 0.005: 2.0, 0.01: 2.0, 0.02: 2.0, 0.035: 1.0, 0.06: 1.0, 0.1: 0.5}
KAPPA = {0.0: 2.0, 1e-4: 2.0, 2.5e-4: 1.0, 6e-4: 1.0}
BETA = {np.inf: 64.0, 2.0: 1.0, 4.0: 1.0, 8.0: 1.0, 16.0: 1.0, 24.0: 1.0, 36.0: 1.0, 54.0: 1.0, 80.0: 1.0}
"""Value -> weight before anything was read."""
CAREFUL = 0.0
"""Deviations that a stage is taken to be slower than its mean."""
CLIPPED = 0.8
"""Mean of the positive half of a normal deviate: by how much more than all of its time a stage would have read as busy,
where readings end at all of it."""

SHAPES = list(product(SIGMA, KAPPA, BETA))
"""(sigma, kappa, beta) of each hypothesis."""
_PRIOR = np.log([SIGMA[s] * KAPPA[k] * BETA[b] for s, k, b in SHAPES])
_A = np.arange(1, MOST_WORKERS + 1, dtype=np.float64)
LOG_SLOWER = np.log([np.maximum(1 + s * (_A - 1) + k * _A * (_A - 1), _A / b) for s, k, b in SHAPES])
"""(shapes, MOST_WORKERS) logarithm of seconds a worker over c."""


class StageCurves:
    """Of b pipelines."""

    NOISE, SURE = 0.05, 4.0
    """Of a reading of seconds before they have shown it, and the number of readings that this weighs as much as."""

    def __init__(self, n: int) -> None:
        shape = (n, N_STAGES, len(SHAPES))
        self.told = np.zeros((n, N_STAGES))
        self.sum, self.square = np.zeros(shape), np.zeros(shape)
        self._solve()

    def learn(self, readings: Readings) -> None:
        """Down or saturated intervals are left out; so are stages that hardly worked."""
        used = (readings.cpu.sum(axis=1) * readings.throughput) / readings.cores
        running = ~readings.down[:, None]
        valid = (used < SATURATED)[:, None] & (readings.busy > 0.02)
        valid = running & (valid | (self.told == 0)) & (readings.throughput > 0)[:, None]
        log_seconds = -np.log(np.maximum(readings.rate_per_worker, 1e-12))
        log_seconds = log_seconds + np.where(readings.busy >= 1, CLIPPED * self.noise / np.sqrt(2), 0)
        slower = LOG_SLOWER.T[readings.allocation.workers - 1]  # (b, n, shapes)
        off = np.where(valid[:, :, None], log_seconds[:, :, None] - slower, 0)
        self.sum, self.square = self.sum + off, self.square + off**2
        self.told = self.told + valid
        self._solve()

    def _solve(self) -> None:
        n = np.maximum(1, self.told)[:, :, None]
        self.level = self.sum / n
        left = np.maximum(0, self.square - self.sum * self.level)
        best = left.min(axis=2)
        free = np.maximum(0, self.told - 1)
        self.noise = np.sqrt((best + self.SURE * self.NOISE**2) / (free + self.SURE))
        log_weight = _PRIOR - (left - best[:, :, None]) / (2 * self.noise**2)[:, :, None]
        weight = np.exp(log_weight - log_weight.max(axis=2, keepdims=True))
        self.weight = weight / weight.sum(axis=2, keepdims=True)

    def log_seconds(self) -> tuple[FloatArray, FloatArray]:
        """(b, n, MOST_WORKERS) mean, and deviation, of the logarithm of seconds a worker at each number of them."""
        level = (self.weight * self.level).sum(axis=2, keepdims=True)
        mean = level + self.weight @ LOG_SLOWER
        about = self.weight * (self.level - level)
        shape = self.weight @ LOG_SLOWER
        spread = (about * self.level).sum(axis=2, keepdims=True) + 2 * (about @ LOG_SLOWER)
        spread = spread + self.weight @ LOG_SLOWER**2 - shape**2
        spread = np.maximum(0, spread) + (self.noise**2 / np.maximum(1, self.told))[:, :, None]
        return mean, np.sqrt(spread)

    def rates(self) -> FloatArray:
        """(b, n, MOST_WORKERS) batches a second that each stage makes with so many workers, on the careful side."""
        mean, deviation = self.log_seconds()
        return np.asarray(_A * np.exp(-mean - CAREFUL * deviation))

    def uncertainty(self) -> FloatArray:
        """(b, n) by how much, as a share, a stage may be slower than taken to be."""
        return np.asarray(self.noise / np.sqrt(np.maximum(1, self.told)))


def least_workers(rates: FloatArray, wanted: FloatArray) -> NDArray[np.int64]:
    """(t, b, n) fewest workers that reach `wanted` (t, b) by `rates` (b, n, MOST_WORKERS); one more than there can be
    where no number of them does."""
    rising = np.maximum.accumulate(rates, axis=2)
    found: NDArray[np.int64] = 1 + (rising[None] < wanted[:, :, None, None]).sum(axis=3, dtype=np.int64)
    return found
