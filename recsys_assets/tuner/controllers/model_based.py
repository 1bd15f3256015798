"""Control by a fitted model: the stages' scaling curves are estimated while it runs, and the model's optimum is taken.

It is what the learned tuner starts from: proposals come from here, and what was learned says how far to follow them.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import LIMIT, MemoryEstimate, RunningMean, StageCurves
from recsys_assets.tuner.readings import FloatArray, Readings

TARGETS = 96
"""Rates that are tried, as shares of what cores and trainer allow."""


class ModelBased:
    """The best allocation of the fitted model, within the estimated memory."""

    name = "fitted model"

    def begin(self, n: int) -> None:
        self.curves, self.memory = StageCurves(n), MemoryEstimate(n)
        self.cpu, self.trainer = RunningMean((n, N_STAGES)), RunningMean((n,))
        self.storage = np.full(n, np.inf)

    def decide(self, readings: Readings) -> Allocation:
        self.learn(readings)
        return self.propose(readings)

    def learn(self, readings: Readings) -> None:
        """Take in what was read."""
        running = ~readings.down
        self.curves.learn(readings)
        self.memory.learn(readings)
        self.cpu.add(readings.cpu, running)
        self.trainer.add(readings.trainer_rate, running)

    def propose(self, readings: Readings) -> Allocation:
        """The optimum by all that is known."""
        ceiling = np.minimum(readings.cores / self.cpu.mean.sum(axis=1), self.trainer.mean)
        share = np.linspace(0.02, 1.0, TARGETS)
        rates = share[:, None] * ceiling  # (t, b)
        workers = workers_for(self.curves.coefficients(), rates)
        reached = workers.max(axis=2) < np.inf
        bounded = np.where(np.isfinite(workers), workers, 1)
        prefetch = self._prefetch(bounded)
        held = (bounded * self.memory.worker.mean * (1 + 2 * self.memory.worker.relative_error)).sum(axis=2)
        room = held + 2 * self.memory.batch.mean + self.memory.base.mean <= LIMIT
        value = np.where(reached & room, rates, 0)
        best = value.argmax(axis=0)
        rows = np.arange(len(readings))
        return Allocation.bounded(bounded[best, rows], prefetch[best, rows])

    def _prefetch(self, workers: FloatArray) -> FloatArray:
        """(t, b) batches ready: a fifth of what the workers leave free, eight at most."""
        held = (workers * self.memory.worker.mean).sum(axis=2) + self.memory.base.mean
        batch = np.maximum(self.memory.batch.mean * (1 + 2 * self.memory.batch.relative_error), 1e-6)
        return np.asarray(np.clip(np.floor((LIMIT - held) / batch), 1, MOST_PREFETCH))


def workers_for(curves: FloatArray, rates: FloatArray) -> FloatArray:
    """(t, b, n) least workers that reach `rates` (t, b) by `curves` (b, n, 3); inf where no number of them does.

    a / (c0 + c1 (a - 1) + c2 a (a - 1)) >= X  is  X c2 a^2 + (X (c1 - c2) - 1) a + X (c0 - c1) <= 0.
    """
    c0, c1, c2 = curves[..., 0], curves[..., 1], curves[..., 2]
    x = rates[:, :, None]
    square, linear, rest = x * np.maximum(c2, 1e-15), x * (c1 - c2) - 1, x * (c0 - c1)
    inside = linear**2 - 4 * square * rest
    root = (-linear - np.sqrt(np.maximum(inside, 0))) / (2 * square)
    stable = np.where(inside >= 0, 2 * rest / np.maximum(-linear + np.sqrt(np.maximum(inside, 0)), 1e-15), root)
    possible = (inside >= 0) & (linear < 0)
    return np.asarray(np.where(possible, np.maximum(1, np.ceil(stable - 1e-6)), np.inf))
