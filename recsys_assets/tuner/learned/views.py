"""How a pipeline looks to an agent, what it may do, and what it is rewarded for: ours, and InTune's as an ablation.

A view is used by training, by the simulator's environment and by the controller on a real pipeline alike.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, Allocation, IntArray
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.within import within_memory
from recsys_assets.tuner.learned.actions import CHOICES, FOLLOW, allocation_for
from recsys_assets.tuner.learned.observation import WIDTH, Observer
from recsys_assets.tuner.readings import FloatArray, Readings

FAR = 10.0
"""No figure an agent sees is larger; beyond it they are cut."""


class View(Protocol):
    """Columns: many pipelines at once."""

    name: str
    observations: spaces.Box[Any]
    actions: spaces.Space[np.ndarray]
    start: IntArray | None
    """The action that follows what there is to follow, before anything is learned."""

    def begin(self, n: int) -> None:
        """`n` pipelines start."""

    def see(self, readings: Readings) -> NDArray[np.float32]:
        """(b, width), once for each interval."""

    def allocation(self, actions: IntArray, readings: Readings) -> Allocation:
        """What is wanted, within the memory as far as it is known."""

    def following(self, readings: Readings) -> Allocation | None:
        """What would be wanted without having learned anything; None where there is nothing to follow."""

    def reward(self, quality: FloatArray, readings: Readings, died: NDArray[np.bool_]) -> FloatArray:
        """(b,) for the interval; `quality`: share of the optimum."""


class ProposalView:
    """Ours: figures of each stage, steps from a fitted model's proposal, q less what running out of memory costs."""

    name = "learned (PPO)"
    observations: spaces.Box[Any] = spaces.Box(-FAR, FAR, (WIDTH,), dtype=np.float32)
    actions: spaces.Space[np.ndarray] = spaces.MultiDiscrete(np.array(CHOICES))
    start: IntArray | None = FOLLOW

    def begin(self, n: int) -> None:
        self.observer = Observer(n)

    def see(self, readings: Readings) -> NDArray[np.float32]:
        return np.clip(self.observer.see(readings), -FAR, FAR)

    def allocation(self, actions: IntArray, readings: Readings) -> Allocation:
        wanted = allocation_for(actions, readings.allocation, self.observer.proposal)
        return within_memory(wanted, self.observer.model.memory)

    def following(self, readings: Readings) -> Allocation | None:
        return self.allocation(np.repeat(FOLLOW[None], len(readings), axis=0), readings)

    def reward(self, quality: FloatArray, readings: Readings, died: NDArray[np.bool_]) -> FloatArray:
        return np.asarray(quality - died)


class GlobalView:
    """InTune's as far as it is known: figures of the whole only, one knob a decision, throughput x (1 - memory)."""

    name = "InTune's DQN (global view)"
    STEPS = (-5, -1, 1, 5)
    observations: spaces.Box[Any] = spaces.Box(-FAR, FAR, (N_STAGES + 7,), dtype=np.float32)
    actions: spaces.Space[np.ndarray] = spaces.Discrete(len(STEPS) * (N_STAGES + 1) + 1)  # type: ignore[assignment]
    start: IntArray | None = None

    def begin(self, n: int) -> None:
        self.memory, self.first = MemoryEstimate(n), np.zeros(n)

    def see(self, readings: Readings) -> NDArray[np.float32]:
        self.memory.learn(readings)
        self.first = np.where(self.first > 0, self.first, readings.throughput)
        workers = readings.allocation.workers
        used = (readings.cpu.sum(axis=1) * readings.throughput) / readings.cores
        columns = [
            *np.log2(workers / readings.cores[:, None]).T / 4,
            np.log2(np.maximum(readings.throughput, 1e-9) / np.maximum(self.first, 1e-9)) / 4,
            readings.stall,
            1 - used,
            1 - workers.sum(axis=1) / readings.cores,
            1 - readings.memory,
            readings.allocation.prefetch / MOST_PREFETCH,
            np.log2(readings.cores) / 7 - 0.7,
        ]
        return np.clip(np.stack(columns, axis=1), -FAR, FAR).astype(np.float32)

    def allocation(self, actions: IntArray, readings: Readings) -> Allocation:
        chosen = actions.reshape(-1)
        knob, step = np.divmod(np.maximum(chosen - 1, 0), len(self.STEPS))
        moves = np.zeros((len(chosen), N_STAGES + 1), dtype=np.int64)
        moves[np.arange(len(chosen)), knob] = np.where(chosen > 0, np.array(self.STEPS)[step], 0)
        now = readings.allocation
        wanted = Allocation.bounded(now.workers + moves[:, :N_STAGES], now.prefetch + moves[:, N_STAGES])
        return within_memory(wanted, self.memory)

    def following(self, readings: Readings) -> Allocation | None:
        return None

    def reward(self, quality: FloatArray, readings: Readings, died: NDArray[np.bool_]) -> FloatArray:
        return np.asarray(quality * (1 - np.minimum(readings.memory, 1)))
