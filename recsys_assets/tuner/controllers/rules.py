"""Tuners without a model: nothing, an even split, and the bottleneck rule of MindSpore's and Paddle's autotune."""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import PREFETCH
from recsys_assets.tuner.readings import Readings


class OneEach:
    """One worker a stage, whatever happens: the default of most loaders."""

    name = "one worker a stage"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        return Allocation.least(len(readings))


class EvenSplit:
    """As many workers for each stage as for any other, all cores together."""

    name = "even split"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        each = np.repeat((readings.cores // N_STAGES)[:, None], N_STAGES, axis=1)
        return Allocation.bounded(each, np.full(len(readings), PREFETCH))


class BottleneckRule:
    """The busiest stage gets a worker more while the trainer waits; the idlest gives one back while it does not."""

    name = "bottleneck rule"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        workers, rows = readings.allocation.workers.copy(), np.arange(len(readings))
        waits = readings.stall > 0.05
        step = np.maximum(1, workers // 4)
        most, least = readings.busy.argmax(axis=1), readings.busy.argmin(axis=1)
        crowded = (workers * _cpu_share(readings)).sum(axis=1) > readings.cores
        workers[rows, most] += np.where(waits & ~crowded, step[rows, most], 0)
        workers[rows, least] -= np.where((~waits | crowded) & (readings.busy.min(axis=1) < 0.5), 1, 0)
        return Allocation.bounded(workers, np.full(len(readings), PREFETCH))


def _cpu_share(readings: Readings) -> np.ndarray:
    """(b, n) of a busy worker's time that is CPU."""
    return np.clip(readings.cpu * readings.rate_per_worker, 0, 1)
