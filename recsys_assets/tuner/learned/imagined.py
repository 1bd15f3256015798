"""Pipelines that the one which runs may be: draws from what the fitted model knows of it, to go on from where it is.

Of each stage a hypothesis (sigma, kappa, beta) by its weight, and log c ~ N(its mean, noise^2 / readings); CPU and
trainer with the errors of their means; memory from the filter's posterior of its parts; how much uneven stages cost,
which no reading tells, from the range that simulated pipelines have. Model-based policy optimization calls what begins
there a branch: a short rollout off a real state (Janner et al., 2019).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, IntArray
from recsys_assets.tuner.controllers.curves import SHAPES
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.learned.branches import Branch
from recsys_assets.tuner.learned.stage_view import StageView
from recsys_assets.tuner.readings import FloatArray, Readings
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.model import Pipelines
from recsys_assets.tuner.simulator.optimum import optimum
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, Scenario

UNEVEN = (0.1, 1.0)
"""Range of `Pipelines.variability`."""
FULL = 0.98
"""Of the memory: as it runs, it is taken to hold no more."""
_SIGMA, _KAPPA, _BETA = np.array(SHAPES).T


@dataclass(frozen=True)
class ImaginedPipelines(Pipelines):
    """With a limit of each stage's own, as the fitted curves have it."""

    most: FloatArray
    """(b, n) that a stage makes, however many workers it has."""

    def stage_rates(self, workers: IntArray) -> FloatArray:
        return np.minimum(super().stage_rates(workers), self.most)


@dataclass(frozen=True)
class Now:
    """One pipeline (every array has one row): what is known of it, and what it is seen to be in this interval."""

    model: ModelBased
    view: StageView
    readings: Readings
    seen: np.ndarray

    @classmethod
    def of(cls, model: ModelBased, view: StageView, readings: Readings, seen: np.ndarray, *, row: int) -> Now:
        """A copy, of the pipeline in `row`: what is read later changes nothing in it."""
        return cls(
            _repeated(model, row, 1), _with_memory(view, row, 1), _repeated(readings, row, 1), seen[row : row + 1]
        )

    @property
    def known(self) -> bool:
        """Whether there is anything to draw from: every stage was read, and the pipeline runs."""
        model = self.model
        told = model.curves.told.min() > 0 and model.trainer.mean[0] > 0 and model.memory.told[0] > 0
        return bool(told and not self.readings.down[0])

    @property
    def noise(self) -> float:
        """Deviation of a reading, as a share, as far as it has shown."""
        return float(self.model.curves.noise.mean())

    def draw(self, n: int, rng: np.random.Generator) -> ImaginedPipelines:
        """`n` pipelines that it may be, with the cores that it has now."""
        model = self.model
        rate, shape = self._curves(n, rng)
        cpu = model.cpu.mean + model.cpu.error(model.cpu.mean) * rng.normal(size=(n, N_STAGES))
        off = self.noise / np.sqrt(model.curves.told.max())
        parts = self._memory(n, rng)
        return ImaginedPipelines(
            rate=rate,
            cpu_share=np.clip(cpu * rate, 1e-4, 1),
            contention=_SIGMA[shape],
            coherence=_KAPPA[shape],
            worker_memory=parts[:, :N_STAGES],
            batch_memory=parts[:, N_STAGES],
            base_memory=parts[:, -1],
            bandwidth=np.full(n, np.inf),
            trainer=model.trainer.mean * np.exp(off * rng.normal(size=n)),
            variability=rng.uniform(*UNEVEN, n),
            cores=np.repeat(self.readings.cores, n),
            most=rate * _BETA[shape],
        )

    def scenario(self, n: int, rng: np.random.Generator, *, copies: int = 1) -> Scenario:
        """`copies` of each of `n` draws, whose cores do not change."""
        drawn, every = self.draw(n, rng), np.repeat(np.arange(n), copies)
        best, whole = optimum(drawn).throughput[every], drawn.take(every)
        never = np.full(len(every), 1000 * STEPS)
        return Scenario(FAMILIAR, np.full(len(every), self.noise), whole, whole, never, best, best)

    def branch(self, drawn: Scenario, *, seed: int) -> Branch:
        """All of `drawn`, to go on from here."""
        n, running = len(drawn), RunningPipelines(drawn, seed=seed)
        running.readings = _repeated(self.readings, 0, n)
        running.allocation = running.survived = running.readings.allocation
        return Branch(running, _with_memory(self.view, 0, n), np.repeat(self.seen, n, axis=0))

    def _curves(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """(n, stages) rate of one worker alone, and place of its hypothesis."""
        curves = self.model.curves
        likely = np.cumsum(curves.weight[0], axis=1)
        chosen = (rng.uniform(size=(n, N_STAGES))[:, :, None] > likely).sum(axis=2)
        shape = np.minimum(chosen, len(SHAPES) - 1)
        error = curves.noise[0] / np.sqrt(np.maximum(1, curves.told[0]))
        log_c = curves.level[0][np.arange(N_STAGES), shape] + error * rng.normal(size=shape.shape)
        return np.exp(-log_c), shape

    def _memory(self, n: int, rng: np.random.Generator) -> FloatArray:
        """(n, parts) of a worker of each stage, a batch, and all else; what runs now fits."""
        parts, now = self.model.memory.draws(n, rng), self.readings.allocation
        holds = parts @ np.concatenate([now.workers[0], now.prefetch, [1]])
        return np.asarray(parts * np.minimum(1, FULL / holds)[:, None])


def _with_memory(view: StageView, row: int, n: int) -> StageView:
    """`view` of `n` pipelines, all with what it remembers of the one in `row`."""
    again = copy.copy(view)
    again.observer = _repeated(view.observer, row, n)
    return again


def _repeated(state: Any, row: int, n: int) -> Any:
    """A copy of `state`, of whose arrays all have `row` of it, `n` times."""
    if isinstance(state, np.ndarray):
        return np.repeat(state[row : row + 1], n, axis=0)
    if not hasattr(state, "__dict__"):
        return state
    again = copy.copy(state)
    again.__dict__.update({name: _repeated(value, row, n) for name, value in vars(state).items()})
    return again
