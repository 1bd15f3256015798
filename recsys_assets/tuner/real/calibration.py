"""The simulator's model fitted to a measured pipeline, and what it says of allocations and machines not tried.

    X = (sum_j limit_j^-p)^(-1/p) * b / (b + v),   memory = base + sum_i a_i m_i + b m_batch

with the limits rate_i(a) = r_i a / (1 + sigma_i (a - 1)) of the stages, the trainer, and the cores E(P) / sum_i cpu_i;
p says how much limits that are close add up (infinite in the simulator: the slowest alone counts).
E(P) = P / (1 + s (P - 1)) are the cores that one process can use: Python's lock and what else is serial is in s. Fitted
by least squares of logarithms, held near what one probe of each stage said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.loading.streaming.engine import MOST_WORKERS
from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.grid import Grid

NEAR = 0.3
"""Deviation of a stage's rate from its probe, in logarithms, that weighs as much as being off by `ERROR`."""
ERROR = 0.05
PREFETCHES = np.array([1, 2, 4, 8, 16, MOST_PREFETCH])


@dataclass(frozen=True)
class Calibration:
    """Of one pipeline; rates in batches a second, memory in bytes."""

    rate: FloatArray
    """(n,) of one worker of each stage."""
    contention: FloatArray
    """(n,) sigma."""
    cpu: FloatArray
    """(n,) CPU seconds for a batch."""
    others: float
    """CPU seconds for a batch of a trainer that computes."""
    trainer: float
    cores: int
    """Of the machine it was measured on."""
    effective: float
    """E(cores)."""
    sharpness: float
    """p."""
    variability: float
    """v."""
    worker_bytes: FloatArray
    """(n,)"""
    batch_bytes: float
    base_bytes: float

    def usable(self, cores: int) -> float:
        """E(cores), by the serial share that was found on the measured machine."""
        if self.cores == 1:
            return self.effective * cores if cores <= 1 else self.effective
        serial = max(0.0, (self.cores / self.effective - 1) / (self.cores - 1))
        return cores / (1 + serial * (cores - 1))

    def throughput(self, allocation: Allocation, *, cores: int | None = None) -> FloatArray:
        """(c,) batches a second."""
        limits = self.limits(allocation, cores=cores)
        together = (limits**-self.sharpness).sum(axis=1) ** (-1 / self.sharpness)
        ready = allocation.prefetch / (allocation.prefetch + self.variability)
        return np.asarray(together * ready)

    def limits(self, allocation: Allocation, *, cores: int | None = None) -> FloatArray:
        """(c, n + 2) of the stages, the trainer and the cores."""
        a = allocation.workers.astype(np.float64)
        stages = self.rate * a / (1 + self.contention * (a - 1))
        usable = self.effective if cores is None or cores == self.cores else self.usable(cores)
        others = np.broadcast_to([self.trainer, usable / (self.cpu.sum() + self.others)], (len(a), 2))
        return np.concatenate([stages, others], axis=1)

    def memory(self, allocation: Allocation) -> FloatArray:
        """(c,) bytes in flight."""
        workers = (allocation.workers * self.worker_bytes).sum(axis=1)
        return np.asarray(self.base_bytes + workers + allocation.prefetch * self.batch_bytes)

    def best(self, *, cores: int, memory: float) -> tuple[Allocation, float]:
        """The allocation within `memory` bytes that is fastest, of all that the engine can run, and its throughput.

        Where several are as fast, within a thousandth, the one that holds least.
        """
        every = _every(np.unique(np.rint(np.geomspace(1, MOST_WORKERS, 12)).astype(np.int64)))
        held = self.memory(every)
        made = np.where(held <= memory, self.throughput(every, cores=cores), 0.0)
        if not made.max() > 0:
            raise ValueError(f"not even one worker a stage fits into {memory:,.0f} bytes: it holds {held.min():,.0f}")
        close = np.flatnonzero(made >= made.max() * 0.999)
        row = close[held[close].argmin()]
        return every.take(np.array([row])), float(made[row])

    def limit_of(self, allocation: Allocation, *, cores: int) -> str:
        """What limits the first allocation: a stage, the trainer or the cores."""
        return (*STAGES, "trainer", "cores")[int(self.limits(allocation, cores=cores)[0].argmin())]


def calibrate(grid: Grid, rows: IntArray | None = None) -> Calibration:
    """Fit to `rows` of a grid, by default all."""
    from scipy.optimize import least_squares

    rows = np.arange(len(grid)) if rows is None else rows
    known = grid.take(rows)
    tried, made = known.allocation, known.throughput
    few = tried.workers.sum(axis=1) <= np.quantile(tried.workers.sum(axis=1), 0.25)
    first = np.log(1 / np.maximum(np.median(known.work[few], axis=0), 1e-9))
    cpu = np.median(known.cpu, axis=0)
    trainer, others = known.trainer, known.others
    memory = bytes_held(tried, known.in_flight)

    def model(x: FloatArray) -> Calibration:
        rate, contention = np.exp(x[:N_STAGES]), np.exp(x[N_STAGES : 2 * N_STAGES])
        effective, sharpness, variability = np.exp(x[2 * N_STAGES :])
        return Calibration(
            rate, contention, cpu, others, trainer, grid.cores, effective, sharpness, variability, *memory
        )

    def off(x: FloatArray) -> FloatArray:
        residual = np.log(model(x).throughput(tried) / made) / ERROR
        return np.concatenate([residual, (x[:N_STAGES] - first) / NEAR, (x - start)[N_STAGES:] / 1.5])

    contention = np.log(np.full(N_STAGES, 0.02))
    start = np.concatenate([first, contention, np.log([0.7 * grid.cores, 8.0, 0.1])])
    low = np.concatenate([first - 2, np.log(np.full(N_STAGES, 1e-4)), np.log([0.1, 2.0, 1e-3])])
    high = np.concatenate([first + 2, np.log(np.full(N_STAGES, 1.0)), np.log([grid.cores + 1e-6, 60.0, 4.0])])
    found = least_squares(off, start, bounds=(low, high), loss="soft_l1")
    return model(found.x)


def bytes_held(tried: Allocation, held: FloatArray) -> tuple[FloatArray, float, float]:
    """Bytes of a worker (n,), of a batch, of all else: not negative."""
    from scipy.optimize import nnls

    columns = np.column_stack([tried.workers, tried.prefetch, np.ones(len(held))]).astype(np.float64)
    found, _ = nnls(columns, held)
    return found[:N_STAGES], float(found[N_STAGES]), float(found[N_STAGES + 1])


def _every(levels: IntArray) -> Allocation:
    """All combinations of these numbers of workers, with some prefetches."""
    grids = np.meshgrid(*[levels] * N_STAGES, PREFETCHES, indexing="ij")
    columns = np.stack([g.reshape(-1) for g in grids], axis=1).astype(np.int64)
    return Allocation(columns[:, :N_STAGES], columns[:, N_STAGES])
