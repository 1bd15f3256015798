"""One pipeline as a gymnasium environment: simulated, or the real one behind the same spaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import gymnasium
import numpy as np

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.learned.views import ProposalView, View
from recsys_assets.tuner.readings import FloatArray, Readings
from recsys_assets.tuner.simulator.families import FAMILIAR, Family
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, scenario


class Pipeline(Protocol):
    """What runs: `RunningPipelines` of one row, or a real pipeline."""

    readings: Readings
    allocation: Allocation

    def step(self, wanted: Allocation) -> tuple[Readings, FloatArray, np.ndarray]:
        """One interval: readings, share of the best throughput (1,), died (1,)."""


class PipelineEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """An episode is `steps` intervals of a pipeline that `make(seed)` starts."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - gymnasium's name

    def __init__(self, make: Callable[[int], Pipeline] | None = None, *, view: View | None = None, steps: int = STEPS):
        self.make, self.view, self.steps = make or simulated(FAMILIAR), view or ProposalView(), steps
        self.observation_space, self.action_space = self.view.observations, self.view.actions

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.pipeline = self.make(int(self.np_random.integers(2**31)))
        self.view.begin(1)
        readings, _, _ = self.pipeline.step(self.pipeline.allocation)
        self.taken = 1
        return self.view.see(readings)[0], {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        wanted = self.view.allocation(np.asarray(action, dtype=np.int64).reshape(1, -1), self.pipeline.readings)
        readings, quality, died = self.pipeline.step(wanted)
        self.taken += 1
        reward = float(self.view.reward(quality, readings, died)[0])
        info = {"quality": float(quality[0]), "died": bool(died[0])}
        return self.view.see(readings)[0], reward, False, self.taken >= self.steps, info


def simulated(family: Family) -> Callable[[int], Pipeline]:
    """A pipeline of `family`, another for each seed."""
    return lambda seed: RunningPipelines(scenario(family, 1, seed=seed), seed=seed)
