"""The fluid model of a pipeline: throughput and memory of an allocation in closed form.

    rate_i(a) = r_i a / (1 + sigma_i (a - 1) + kappa_i a (a - 1))           universal scalability law (Gunther, 1993)
    X = min(min_i rate_i, bandwidth, trainer, P / sum_i cpu_i) * b / (b + v) / (1 + 0.15 over)
    memory = base + sum_i a_i m_i + b m_batch;   above 1 the pipeline dies

with a_i workers of stage i, b batches ready, v the variability of stages, and `over` the CPU-bound workers beyond the P
cores, as a share of them. Contention sigma and coherence kappa make more workers worth less, then harmful.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from recsys_assets.tuner.allocation import Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray

OVERSUBSCRIBED = 0.15
"""Loss of throughput where workers ask for twice the cores."""


@dataclass(frozen=True)
class Pipelines:
    """The truth of b pipelines; every rate in batches a second, memory as a share of the budget."""

    rate: FloatArray
    """(b, n) of one worker of each stage, alone."""
    cpu_share: FloatArray
    """(b, n) of a worker's time that is CPU, 0-1; the rest waits for storage."""
    contention: FloatArray
    """(b, n) sigma."""
    coherence: FloatArray
    """(b, n) kappa."""
    worker_memory: FloatArray
    """(b, n)."""
    batch_memory: FloatArray
    """(b,)."""
    base_memory: FloatArray
    """(b,)."""
    bandwidth: FloatArray
    """(b,) the most that storage gives."""
    trainer: FloatArray
    """(b,) the most that the trainer takes."""
    variability: FloatArray
    """(b,) v: batches that must wait ready for half of the loss by uneven stages to be gone."""
    cores: IntArray
    """(b,)."""

    def __len__(self) -> int:
        return len(self.cores)

    def take(self, rows: IntArray) -> Pipelines:
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def with_cores(self, cores: IntArray) -> Pipelines:
        return replace(self, cores=cores)

    def stage_rates(self, workers: IntArray) -> FloatArray:
        """(..., b, n) what each stage can make with `workers` (..., b, n)."""
        a = workers.astype(np.float64)
        slowed = 1 + self.contention * (a - 1) + self.coherence * a * (a - 1)
        return np.asarray(self.rate * a / slowed)

    def cpu(self) -> FloatArray:
        """(b, n) CPU seconds of each stage for a batch."""
        return np.asarray(self.cpu_share / self.rate)

    def oversubscription(self, workers: IntArray) -> FloatArray:
        """(..., b) CPU-bound workers beyond the cores, as a share of the cores."""
        wanted = (workers * self.cpu_share).sum(axis=-1)
        return np.asarray(np.maximum(0, wanted / self.cores - 1))

    def ceiling(self) -> FloatArray:
        """(b,) what no allocation can pass: storage, trainer, all cores at work."""
        return np.asarray(np.minimum.reduce([self.bandwidth, self.trainer, self.cores / self.cpu().sum(axis=1)]))

    def busy(self, allocation: Allocation, throughput: FloatArray) -> FloatArray:
        """(b, n) share of its workers' time that each stage works, at a `throughput` (b,).

        Working is what a clock around the work would say: waiting for a bandwidth that is used up is in it, and so is
        waiting for a core where all are taken.
        """
        rates = self.stage_rates(allocation.workers)
        rates[:, 0] = np.minimum(rates[:, 0], self.bandwidth)
        wanted = np.minimum.reduce([rates.min(axis=1), self.trainer])
        crowded = np.maximum(1, wanted * self.cpu().sum(axis=1) / self.cores)
        stretched = 1 - self.cpu_share + self.cpu_share * crowded[:, None]
        return np.asarray(np.minimum(1, throughput[:, None] / rates * stretched))

    def throughput(self, allocation: Allocation) -> FloatArray:
        """(b,)."""
        slowest = self.stage_rates(allocation.workers).min(axis=1)
        ready = allocation.prefetch / (allocation.prefetch + self.variability)
        crowd = 1 + OVERSUBSCRIBED * self.oversubscription(allocation.workers)
        return np.asarray(np.minimum(slowest, self.ceiling()) * ready / crowd)

    def memory(self, allocation: Allocation) -> FloatArray:
        """(b,) share of the budget."""
        workers = (allocation.workers * self.worker_memory).sum(axis=1)
        return np.asarray(self.base_memory + workers + allocation.prefetch * self.batch_memory)
