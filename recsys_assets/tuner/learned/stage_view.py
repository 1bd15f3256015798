"""A tuner that learns from nothing: figures of each stage, a step for each, and no model whose proposals it could take.

Reward of an interval: q - running out of memory - memory beyond what is safe - 0.01 of the workers moved for each core.
`observes="whole"` and `rewarded="intune"` are ablations: what InTune is described to see, and its throughput x (1 -
memory in use).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import N_STAGES, Allocation, IntArray
from recsys_assets.tuner.controllers.with_ready import LIMIT
from recsys_assets.tuner.controllers.within import within_memory
from recsys_assets.tuner.learned.stage_observation import GLOBAL, PER_STAGE, StageObserver
from recsys_assets.tuner.readings import FloatArray, Readings

FAR = 10.0
"""No figure an agent sees is larger; beyond it they are cut."""
MOVE = 0.01
"""What a worker more or less costs, for each core."""
STEPS = ((0.5, 0), (0.8, 0), (1, -1), (1, 0), (1, 1), (1.25, 0), (2, 0), (4, 0))
"""Of the workers of a stage: times this, plus that; at least one where it is times something."""
RECIPE = ((1, -5), (1, -1), (1, 0), (1, 1), (1, 5))
"""InTune's five steps."""
Observes = Literal["stages", "whole"]
Rewarded = Literal["ours", "intune"]


@dataclass
class StageView:
    """Columns: many pipelines at once."""

    observes: Observes = "stages"
    rewarded: Rewarded = "ours"
    steps: tuple[tuple[float, int], ...] = STEPS

    def __post_init__(self) -> None:
        width = N_STAGES + GLOBAL + (PER_STAGE - 1) * N_STAGES * (self.observes == "stages")
        self.observations: spaces.Box[Any] = spaces.Box(-FAR, FAR, (width,), dtype=np.float32)
        choices = [len(self.steps)] * (N_STAGES + 1)
        self.actions: spaces.Space[np.ndarray] = spaces.MultiDiscrete(np.array(choices))
        self.start: IntArray | None = None
        seen = {"stages": "", "whole": ", global view"}[self.observes]
        paid = {"ours": "", "intune": ", InTune's reward"}[self.rewarded]
        moved = "" if self.steps == STEPS else ", steps of 1 and 5"
        self.name = f"PPO from scratch{seen}{paid}{moved}"

    def begin(self, n: int) -> None:
        self.observer = StageObserver(n)

    def see(self, readings: Readings) -> NDArray[np.float32]:
        self.observer.see(readings)
        stages = self.observer.stages if self.observes == "stages" else self.observer.stages[:, :N_STAGES]
        seen = np.concatenate([stages, self.observer.whole], axis=1)
        return np.clip(seen, -FAR, FAR).astype(np.float32)

    def allocation(self, actions: IntArray, readings: Readings) -> Allocation:
        now = readings.allocation
        knobs = np.column_stack([now.workers, now.prefetch])
        factor, more = np.array(self.steps, dtype=np.float64).T
        wanted = np.rint(knobs * factor[actions]) + more[actions]
        wanted = np.where(factor[actions] > 1, np.maximum(wanted, knobs + 1), wanted)
        wanted = np.where(factor[actions] < 1, np.minimum(wanted, knobs - 1), wanted)
        return within_memory(Allocation.bounded(wanted[:, :N_STAGES], wanted[:, N_STAGES]), self.observer.memory)

    def following(self, readings: Readings) -> Allocation | None:
        return None

    def reward(self, quality: FloatArray, readings: Readings, died: NDArray[np.bool_]) -> FloatArray:
        if self.rewarded == "intune":
            return np.asarray(quality * (1 - np.minimum(readings.memory, 1)))
        moved = np.abs(readings.allocation.workers - self.observer.workers).sum(axis=1) / readings.cores
        unsafe = np.maximum(0, readings.memory - LIMIT)
        return np.asarray(quality - died - unsafe - MOVE * moved)
