"""Many simulated pipelines at once as Stable-Baselines3 wants them; a new draw of all of them after each episode."""

from __future__ import annotations

from typing import Any

import numpy as np

from recsys_assets.columns_env import SideBySideVecEnv, Step
from recsys_assets.tuner.learned.views import View
from recsys_assets.tuner.simulator.families import Family
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, scenario


class PipelinesVecEnv(SideBySideVecEnv):
    """`num_envs` pipelines of `family`, all with episodes of the same length."""

    def __init__(self, family: Family, num_envs: int, view: View, *, seed: int) -> None:
        super().__init__(num_envs, view.observations, view.actions)
        self.family, self.view, self.first_seed, self.episode = family, view, seed, 0

    def reset(self) -> np.ndarray:
        self.episode += 1
        drawn = scenario(self.family, self.num_envs, seed=self.first_seed * 100_003 + self.episode)
        self.running = RunningPipelines(drawn, seed=self.episode)
        self.view.begin(self.num_envs)
        readings, _, _ = self.running.step(self.running.allocation)
        self.taken = 1
        return self.view.see(readings)

    def advance(self, actions: np.ndarray) -> Step:
        wanted = self.view.allocation(actions, self.running.readings)
        readings, quality, died = self.running.step(wanted)
        reward = self.view.reward(quality, readings, died)
        self.taken += 1
        seen = self.view.see(readings)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        done = np.full(self.num_envs, self.taken >= STEPS)
        if done.all():
            for row, info in enumerate(infos):
                info["terminal_observation"], info["TimeLimit.truncated"] = seen[row], True
            seen = self.reset()
        return seen, reward.astype(np.float32), done, infos
