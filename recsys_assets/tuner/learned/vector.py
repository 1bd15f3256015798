"""Many simulated pipelines at once as Stable-Baselines3 wants them; a new draw of all of them after each episode.

    reward = q - max(0, memory - 0.9) - died

q is the share of the optimum that the interval gave, with what switching cost already off it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from recsys_assets.tuner.controllers.estimates import within_memory
from recsys_assets.tuner.learned.actions import CHOICES, allocation_for
from recsys_assets.tuner.learned.observation import WIDTH, Observer
from recsys_assets.tuner.simulator.families import Family
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, scenario

CROWDED = 0.9
"""Share of the memory from which it costs."""


class PipelinesVecEnv(VecEnv):
    """`num_envs` pipelines of `family`, all with episodes of the same length."""

    def __init__(self, family: Family, num_envs: int, *, seed: int) -> None:
        super().__init__(
            num_envs,
            spaces.Box(-np.inf, np.inf, (WIDTH,), dtype=np.float32),
            spaces.MultiDiscrete(np.array(CHOICES)),
        )
        self.family, self.first_seed, self.episode = family, seed, 0

    def reset(self) -> np.ndarray:
        self.episode += 1
        drawn = scenario(self.family, self.num_envs, seed=self.first_seed * 100_003 + self.episode)
        self.running = RunningPipelines(drawn, seed=self.episode)
        self.observer = Observer(self.num_envs)
        readings, _, _ = self.running.step(self.running.allocation)
        self.taken = 1
        return self.observer.see(readings)

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        now, observer = self.running.readings, self.observer
        wanted = allocation_for(self.actions.astype(np.int64), now.allocation, observer.proposal)
        readings, quality, died = self.running.step(within_memory(wanted, observer.model.memory))
        reward = quality - np.maximum(0, readings.memory - CROWDED) - died
        self.taken += 1
        seen = observer.see(readings)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        done = np.full(self.num_envs, self.taken >= STEPS)
        if done.all():
            for row, info in enumerate(infos):
                info["terminal_observation"], info["TimeLimit.truncated"] = seen[row], True
            seen = self.reset()
        return seen, reward.astype(np.float32), done, infos

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError("pipelines have no attribute of their own to set")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise NotImplementedError("pipelines have no method of their own to call")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs

    def get_images(self) -> Sequence[Any]:
        return [None] * self.num_envs
