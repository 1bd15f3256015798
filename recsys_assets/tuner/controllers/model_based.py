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
from recsys_assets.tuner.controllers.memory import SAFE, MemoryEstimate
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.controllers.with_ready import FEW_READY, LIMIT, TINY
from recsys_assets.tuner.readings import FloatArray, Readings

EVENED = 0.5
"""Batches ready at which half of the loss by uneven stages is taken to be gone."""
CROWDED = 0.15
"""Loss where workers ask for twice the cores."""
COARSE, FINE = 24, 24
"""Rates that are tried, as shares of what cores and trainer allow, and then about the best of them."""
MARGINS = (SAFE, 3.4, 3.9, 4.6)
"""Standard errors of memory that are kept free, to choose from by what each promises and risks."""
CRASH = 1000.0
"""Intervals that it is taken to cost to run out of memory. A gain lasts for about as long as it took to be as sure of
it: so this is weighed against as many intervals as were read."""
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
        found, worth, _ = self._best_of(readings, rates, np.minimum(1, about) * ceiling)
        return self._if_worth_it(readings, rates, found, worth)

    def _best_of(
        self, readings: Readings, rates: FloatArray, wanted: FloatArray
    ) -> tuple[Allocation, FloatArray, IntArray]:
        """Of rates `wanted` (t, b): the allocation that is worth most, its worth, and its place among them."""
        workers, rows = least_workers(rates, wanted), np.arange(len(readings))
        reached = workers.max(axis=2) <= MOST_WORKERS
        workers = np.minimum(workers, MOST_WORKERS)
        memory = self.memory.beside(workers)
        prefetch = np.stack([memory.room(most=np.array(MOST_PREFETCH), safe=safe) for safe in MARGINS])
        room = np.stack([memory.safely(np.array(FEW_READY), safe=safe) <= LIMIT for safe in MARGINS])
        risked = CRASH / np.maximum(1, self.memory.intervals) * memory.risk(prefetch)
        made = self._made(readings, rates, workers, prefetch)
        worth = np.where(reached & room, made * np.maximum(TINY, 1 - risked), 0)
        margin, best = np.divmod(worth.reshape(-1, len(readings)).argmax(axis=0), len(wanted))
        found = Allocation.bounded(workers[best, rows], prefetch[margin, best, rows])
        return found, worth[margin, best, rows], best

    def _if_worth_it(self, readings: Readings, rates: FloatArray, found: Allocation, worth: FloatArray) -> Allocation:
        """Stay, unless what was `found` is worth more, moving included."""
        now = readings.allocation
        staying, moving = (
            self._made(readings, rates, some.workers[None], some.prefetch[None])[0] for some in (now, found)
        )
        fits = self.memory.of(now) <= LIMIT
        moved = found.moved_from(now) / now.workers.sum(axis=1)
        better = worth * (1 - SWITCHING * np.minimum(1, moved) / REPAID) > np.where(fits, staying, 0)
        self.promised = np.where(better, moving, staying)
        return found.where(better, now)

    def _made(self, readings: Readings, rates: FloatArray, workers: IntArray, prefetch: IntArray) -> FloatArray:
        """(..., t, b) batches a second of `workers` (t, b, n) and `prefetch` (..., t, b)."""
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
