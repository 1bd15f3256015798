"""A measured grid as a pipeline that tuners play on: the same numbers for all of them, without the hour it took.

Between measured numbers of workers it is interpolated (linearly, in logarithms of the workers); beyond them it is as at
the edge. Half-way the machine may change: another grid holds from there on. q is throughput over the grid's best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_assets.loading.streaming.engine import MOST_WORKERS
from recsys_assets.tuner.allocation import N_STAGES, Allocation
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.readings import FloatArray, Readings
from recsys_assets.tuner.real.calibration import bytes_held
from recsys_assets.tuner.real.grid import Grid, GridError
from recsys_assets.tuner.simulator.running import DOWN, STEPS, SWITCHING

NOISE = 0.05
"""Deviation of a reading, as a share: about what passes over the grid differ by."""


class MeasuredPipeline:
    """One grid, or two with a change between them, as `RunningPipelines` of one row."""

    def __init__(self, grids: Sequence[Grid], *, resized: int = STEPS // 2, seed: int = 0) -> None:
        self.tables = [_Table(grid) for grid in grids]
        self.resized, self.rng = resized, np.random.default_rng(seed)
        self.taken, self.down, self.allocation = 0, 0, Allocation.least(1)
        self.survived = self.allocation

    @property
    def now(self) -> _Table:
        return self.tables[min(len(self.tables) - 1, int(self.taken >= self.resized))]

    def step(self, wanted: Allocation) -> tuple[Readings, FloatArray, np.ndarray]:
        """An interval with `wanted`: readings, share of the best (1,), died (1,)."""
        before = self.allocation
        was_down = self.down > 0
        self.allocation = self.survived if was_down else wanted
        figures = self.now.at(self.allocation)
        died = not was_down and figures.memory > 1
        self.down = DOWN - 1 if died else max(0, self.down - 1)
        running = not died and not was_down
        if running:
            self.survived = self.allocation
        moved = self.allocation.moved_from(before)[0] / max(1, before.workers.sum())
        made = figures.throughput * (1 - SWITCHING * min(1.0, moved)) * running
        self.readings = self._read(figures, made, running)
        quality = np.array([made / self.now.best])
        self.taken += 1
        return self.readings, quality, np.array([died])

    def _read(self, figures: _Figures, made: float, running: bool) -> Readings:
        def noisy(values: Any) -> FloatArray:
            values = np.atleast_1d(np.asarray(values, dtype=np.float64))
            return np.asarray(values * np.exp(NOISE * self.rng.normal(size=values.shape)))

        return Readings(
            self.allocation,
            np.array([self.now.grid.cores]),
            noisy(made),
            np.clip(noisy(figures.busy), 0, 1)[None, :],
            noisy(figures.cpu)[None, :],
            np.clip(1 - noisy(made) / self.now.grid.scenario.trainer, 0, 1),
            noisy(figures.stage_memory)[None, :],
            noisy(figures.batch_memory),
            noisy(figures.memory),
            np.array([not running]),
        )


@dataclass(frozen=True)
class _Figures:
    throughput: float
    busy: FloatArray
    cpu: FloatArray
    memory: float
    stage_memory: FloatArray
    batch_memory: float


class _Table:
    """A whole grid, interpolated."""

    def __init__(self, grid: Grid) -> None:
        from scipy.interpolate import RegularGridInterpolator

        self.grid, self.best = grid, float(grid.throughput.max())
        columns = np.column_stack([grid.allocation.workers, grid.allocation.prefetch])
        self.levels = [np.unique(c) for c in columns.T]
        shape = tuple(len(level) for level in self.levels)
        if int(np.prod(shape)) != len(grid):
            raise GridError(
                f"{len(grid)} of {int(np.prod(shape))} allocations are there; measure the rest to replay it"
            )
        values = np.column_stack([grid.throughput, grid.busy * grid.allocation.workers, grid.cpu, grid.in_flight])
        self.of = RegularGridInterpolator([np.log2(level) for level in self.levels], values.reshape(*shape, -1))
        self.worker_bytes, self.batch_bytes, _ = bytes_held(grid.allocation, grid.in_flight)

    def at(self, allocation: Allocation) -> _Figures:
        place = np.append(allocation.workers[0], allocation.prefetch[0])
        inside = [np.clip(p, level[0], level[-1]) for p, level in zip(place, self.levels, strict=True)]
        throughput, *rest = self.of(np.log2(inside))[0]
        budget = self.grid.scenario.budget
        workers = allocation.workers[0]
        beyond = np.maximum(0, workers - np.array(inside[:N_STAGES])) @ self.worker_bytes
        return _Figures(
            float(throughput),
            np.asarray(rest[:N_STAGES]) / workers,
            np.asarray(rest[N_STAGES : 2 * N_STAGES]),
            float((rest[-1] + beyond) / budget),
            workers * self.worker_bytes / budget,
            self.batch_bytes / budget,
        )


def replayed(
    controller: Controller, grids: Sequence[Grid], *, seed: int, steps: int = STEPS, resized: int | None = None
) -> FloatArray:
    """(steps,) q of each interval, from one worker a stage on; the second grid holds after `resized`, or half-way."""
    pipeline = MeasuredPipeline(grids, seed=seed, resized=steps // 2 if resized is None else resized)
    controller.begin(1)
    quality, wanted = np.zeros(steps), Allocation.least(1)
    for step in range(steps):
        readings, q, _ = pipeline.step(_within_engine(wanted))
        quality[step] = q[0]
        wanted = controller.decide(readings)
    return quality


def _within_engine(wanted: Allocation) -> Allocation:
    return Allocation(np.minimum(wanted.workers, MOST_WORKERS), wanted.prefetch)
