"""Control by a fitted model: the stages' scaling curves are estimated while it runs, and the model's optimum is taken.

It is what the learned tuner starts from: proposals come from here, and what was learned says how far to follow them.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import FEW_READY, LIMIT, MemoryEstimate, RunningMean, StageCurves
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.readings import FloatArray, Readings

EVENED = 0.5
"""Batches ready at which half of the loss by uneven stages is taken to be gone."""
TARGETS = 96
"""Rates that are tried, as shares of what cores and trainer allow."""


class ModelBased:
    """The best allocation of the fitted model, within the estimated memory."""

    name = "fitted model"

    def begin(self, n: int) -> None:
        self.curves, self.memory = StageCurves(n), MemoryEstimate(n)
        self.promised = np.zeros(n)
        """(b,) batches a second of the last proposal, by the model."""
        self.cpu, self.trainer = RunningMean((n, N_STAGES)), TrainerRate(n)

    def decide(self, readings: Readings) -> Allocation:
        self.learn(readings)
        return self.propose(readings)

    def learn(self, readings: Readings) -> None:
        """Take in what was read."""
        running = ~readings.down
        self.curves.learn(readings)
        self.memory.learn(readings)
        self.cpu.add(readings.cpu, running)
        self.trainer.add(readings)

    def propose(self, readings: Readings) -> Allocation:
        """The optimum by all that is known."""
        ceiling = self.ceiling(readings)
        share = np.linspace(0.02, 1.0, TARGETS)
        rates = share[:, None] * ceiling  # (t, b)
        workers = workers_for(self.curves.coefficients(), rates)
        reached = workers.max(axis=2) < np.inf
        bounded = np.where(np.isfinite(workers), workers, 1)
        prefetch = self.memory.room_for(bounded, most=np.full(rates.shape, MOST_PREFETCH))
        room = self.memory.of_columns(bounded, np.full(rates.shape, FEW_READY)) <= LIMIT
        value = np.where(reached & room, rates * prefetch / (prefetch + EVENED), 0)
        best = value.argmax(axis=0)
        rows = np.arange(len(readings))
        self.promised = value[best, rows]
        return Allocation.bounded(bounded[best, rows], prefetch[best, rows])

    def ceiling(self, readings: Readings) -> FloatArray:
        """(b,) the most that cores and trainer allow, by what was read."""
        cpu = np.maximum(self.cpu.mean.sum(axis=1), 1e-12)
        return np.asarray(np.minimum(readings.cores / cpu, self.trainer.mean))


def workers_for(curves: FloatArray, rates: FloatArray) -> FloatArray:
    """(t, b, n) least workers that reach `rates` (t, b) by `curves` (b, n, 3); inf where no number of them does.

    a / (c0 + c1 (a - 1) + c2 a (a - 1)) >= X  is  X c2 a^2 + (X (c1 - c2) - 1) a + X (c0 - c1) <= 0.
    """
    c0, c1, c2 = curves[..., 0], curves[..., 1], curves[..., 2]
    x = rates[:, :, None]
    square, linear, rest = np.maximum(x, 1e-12) * np.maximum(c2, 1e-15), x * (c1 - c2) - 1, x * (c0 - c1)
    inside = linear**2 - 4 * square * rest
    root = (-linear - np.sqrt(np.maximum(inside, 0))) / (2 * square)
    stable = np.where(inside >= 0, 2 * rest / np.maximum(-linear + np.sqrt(np.maximum(inside, 0)), 1e-15), root)
    possible = (inside >= 0) & (linear < 0)
    return np.asarray(np.where(possible, np.maximum(1, np.ceil(stable - 1e-6)), np.inf))
