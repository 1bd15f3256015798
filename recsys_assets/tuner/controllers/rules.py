"""Tuners without a model: nothing, an even split, and the bottleneck rule of MindSpore's and Paddle's autotune."""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.estimates import PREFETCH, SATURATED
from recsys_assets.tuner.readings import Readings


class OneEach:
    """One worker a stage, whatever happens: the default of most loaders."""

    name = "one worker a stage"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        return Allocation.least(len(readings))


class EvenSplit:
    """As many workers for each stage as for any other: all cores together, or so many, whatever the cores."""

    name = "even split"

    def __init__(self, *, each: int | None = None) -> None:
        self.each = each
        if each is not None:
            self.name = f"{each} workers a stage"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        each = readings.cores // N_STAGES if self.each is None else np.full(len(readings), self.each)
        return Allocation.bounded(np.repeat(each[:, None], N_STAGES, axis=1), np.full(len(readings), PREFETCH))


class BottleneckRule:
    """The busiest stage gets more workers while the trainer waits; the idlest gives one back while it does not.

    While all cores are at work none is added; a stage that waits for storage needs none.
    """

    name = "bottleneck rule"

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        workers, rows = readings.allocation.workers.copy(), np.arange(len(readings))
        waits = readings.stall > 0.05
        step = np.maximum(1, workers // 4)
        most, least = readings.busy.argmax(axis=1), readings.busy.argmin(axis=1)
        crowded = readings.cpu.sum(axis=1) * readings.throughput > SATURATED * readings.cores
        workers[rows, most] += np.where(waits & ~crowded, step[rows, most], 0)
        workers[rows, least] -= np.where((~waits | crowded) & (readings.busy.min(axis=1) < 0.5), 1, 0)
        return Allocation.bounded(workers, np.full(len(readings), PREFETCH))
