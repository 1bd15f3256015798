"""The best allocation there is, exactly: what every tuner is measured by.

At an optimum no stage has a worker more than the slowest stage's rate asks for: taking it away would cost nothing. So
only rates that some stage reaches with a whole number of workers can be the slowest, and for each of them every other
stage's least number is known. All are tried, with every prefetch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, MOST_WORKERS, N_STAGES, Allocation
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.simulator.model import OVERSUBSCRIBED, Pipelines


@dataclass(frozen=True)
class Optimum:
    """`throughput` (b,) of `allocation`, the best that stays within the memory."""

    throughput: FloatArray
    allocation: Allocation


def optimum(pipelines: Pipelines) -> Optimum:
    """Raises ValueError where even one worker a stage is too much for the memory."""
    parts = [_best_of(pipelines.take(np.array([row]))) for row in range(len(pipelines))]
    best = np.array([value for value, _, _ in parts])
    if not (best > 0).all():
        raise ValueError("one worker a stage does not fit into the memory; such a pipeline cannot run at all")
    workers = np.stack([found for _, found, _ in parts])
    return Optimum(best, Allocation(workers, np.array([ready for _, _, ready in parts], dtype=np.int64)))


def _best_of(one: Pipelines) -> tuple[float, np.ndarray, int]:
    """Of a single pipeline: throughput, workers (n,), prefetch."""
    counts = np.arange(1, MOST_WORKERS + 1)
    curve = one.stage_rates(np.repeat(counts[:, None], N_STAGES, axis=1)[:, None, :])[:, 0]  # (128, n)
    rising = np.maximum.accumulate(curve, axis=0)
    slowest = np.unique(curve)
    slowest = slowest[slowest <= rising[-1].min()]
    least = np.stack([np.searchsorted(rising[:, i], slowest) + 1 for i in range(N_STAGES)], axis=1)  # (c, n)
    rate = np.minimum(one.stage_rates(least[:, None, :])[:, 0].min(axis=1), one.ceiling())
    rate = rate / (1 + OVERSUBSCRIBED * one.oversubscription(least[:, None, :])[:, 0])
    ready = np.arange(1, MOST_PREFETCH + 1)
    memory = one.base_memory + (least * one.worker_memory).sum(axis=1)[:, None] + ready * one.batch_memory
    value = np.where(memory <= 1, rate[:, None] * ready / (ready + one.variability), 0.0)
    place = np.unravel_index(int(value.argmax()), value.shape)
    return float(value[place]), least[place[0]].astype(np.int64), int(ready[place[1]])
