"""Control by a fitted model: the stages' scaling curves are estimated while it runs, and the model's optimum is taken.

    X = min(min_i rate_i(a_i), trainer, P / sum_i cpu_i) * b / (b + v) / (1 + 0.15 over)

is maximized over the least workers of many rates, within the estimated memory. A change has to be worth what moving
workers costs.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, MOST_WORKERS, N_STAGES, Allocation, IntArray
from recsys_assets.tuner.controllers.curves import StageCurves, least_workers
from recsys_assets.tuner.controllers.estimates import RunningMean
from recsys_assets.tuner.controllers.memory import FEW_READY, LIMIT, MemoryEstimate
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.readings import FloatArray, Readings

EVENED = 0.5
"""Batches ready at which half of the loss by uneven stages is taken to be gone."""
CROWDED = 0.15
"""Loss where workers ask for twice the cores."""
COARSE, FINE = 24, 24
"""Rates that are tried, as shares of what cores and trainer allow, and then about the best of them."""
SWITCHING, REPAID = 0.05, 3.0
"""Share of an interval that it costs to exchange all workers, and intervals in which that has to be made good."""


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

    def explain(self) -> tuple[str, float]:
        """Itself, and the throughput that its model promised of the first pipeline."""
        return self.name, float(self.promised[0])

    def learn(self, readings: Readings) -> None:
        """Take in what was read."""
        running = ~readings.down
        self.curves.learn(readings)
        self.memory.learn(readings)
        self.cpu.add(readings.cpu, running)
        self.trainer.add(readings)

    def propose(self, readings: Readings) -> Allocation:
        """The optimum by all that is known: of rates far apart at first, then of those about the best of them."""
        rates, ceiling = self.curves.rates(), self.ceiling(readings)
        share = np.broadcast_to(np.geomspace(0.02, 1.0, COARSE)[:, None], (COARSE, len(readings)))
        _, _, best = self._best_of(readings, rates, share * ceiling)
        step = share[1, 0] / share[0, 0]
        about = share[best, 0] * step ** np.linspace(-1, 1, FINE)[:, None]
        found, value, _ = self._best_of(readings, rates, np.minimum(1, about) * ceiling)
        return self._if_worth_it(readings, rates, found, value)

    def _best_of(
        self, readings: Readings, rates: FloatArray, wanted: FloatArray
    ) -> tuple[Allocation, FloatArray, IntArray]:
        """Of rates `wanted` (t, b): the allocation that makes most, what it makes, and its place among them."""
        workers, rows = least_workers(rates, wanted), np.arange(len(readings))
        reached = workers.max(axis=2) <= MOST_WORKERS
        workers = np.minimum(workers, MOST_WORKERS)
        room = self.memory.of_columns(workers, np.full(wanted.shape, FEW_READY)) <= LIMIT
        prefetch = self.memory.room_for(workers, most=np.full(wanted.shape, MOST_PREFETCH))
        value = np.where(reached & room, self._made(readings, rates, workers, prefetch), 0)
        best = value.argmax(axis=0)
        return Allocation.bounded(workers[best, rows], prefetch[best, rows]), value[best, rows], best

    def _if_worth_it(self, readings: Readings, rates: FloatArray, found: Allocation, value: FloatArray) -> Allocation:
        now = readings.allocation
        staying = self._made(readings, rates, now.workers[None], now.prefetch[None])[0]
        staying = np.where(self.memory.of(now) <= LIMIT, staying, 0)
        moved = found.moved_from(now) / now.workers.sum(axis=1)
        better = value * (1 - SWITCHING * np.minimum(1, moved) / REPAID) > staying
        self.promised = np.where(better, value, staying)
        return found.where(better, now)

    def _made(self, readings: Readings, rates: FloatArray, workers: IntArray, prefetch: IntArray) -> FloatArray:
        """(t, b) batches a second of `workers` (t, b, n) and `prefetch` (t, b)."""
        b, n = np.arange(len(readings))[None, :, None], np.arange(N_STAGES)[None, None]
        slowest = rates[b, n, workers - 1].min(axis=2)
        asked = (workers * np.minimum(1, self.cpu.mean * rates[:, :, 0])).sum(axis=2) / readings.cores
        crowd = 1 + CROWDED * np.maximum(0, asked - 1)
        made = np.minimum(slowest, self.ceiling(readings)) * prefetch / (prefetch + EVENED)
        return np.asarray(made / crowd)

    def ceiling(self, readings: Readings) -> FloatArray:
        """(b,) the most that cores and trainer allow, by what was read."""
        cpu = np.maximum(self.cpu.mean.sum(axis=1), 1e-12)
        return np.asarray(np.minimum(readings.cores / cpu, self.trainer.mean))
