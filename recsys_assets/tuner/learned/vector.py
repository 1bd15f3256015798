"""Many simulated pipelines at once as Stable-Baselines3 wants them; a new draw of all of them after each episode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys_assets.columns_env import SideBySideVecEnv, Step
from recsys_assets.tuner.learned.views import View
from recsys_assets.tuner.simulator.families import Family
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, joined, scenario


class PipelinesVecEnv(SideBySideVecEnv):
    """`num_envs` pipelines, as many of each of `families`, all with episodes of the same length.

    Where the view follows a proposal, its q under the proposal is taken from the reward: what is left is what following
    or not was worth, and not how hard the pipeline is, which is most of the variance.
    """

    def __init__(self, families: Sequence[Family], num_envs: int, view: View, *, seed: int) -> None:
        if num_envs % len(families):
            raise ValueError(f"{num_envs} pipelines of {len(families)} families: not as many of each")
        super().__init__(num_envs, view.observations, view.actions)
        self.families, self.view, self.first_seed, self.episode = families, view, seed, 0

    def reset(self) -> np.ndarray:
        self.episode += 1
        each, seed = self.num_envs // len(self.families), self.first_seed * 100_003 + self.episode
        parts = [scenario(f, each, seed=seed * 31 + i) for i, f in enumerate(self.families)]
        self.running = RunningPipelines(joined(parts), seed=self.episode)
        self.view.begin(self.num_envs)
        readings, _, _ = self.running.step(self.running.allocation)
        self.taken = 1
        return self.view.see(readings)

    def advance(self, actions: np.ndarray) -> Step:
        now = self.running.readings
        follow = self.view.following(now)
        spared = 0.0 if follow is None else self.running.would_make(follow)
        readings, quality, died = self.running.step(self.view.allocation(actions, now))
        reward = self.view.reward(quality, readings, died) - spared
        self.taken += 1
        seen = self.view.see(readings)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        done = np.full(self.num_envs, self.taken >= STEPS)
        if done.all():
            for row, info in enumerate(infos):
                info["terminal_observation"], info["TimeLimit.truncated"] = seen[row], True
            seen = self.reset()
        return seen, np.asarray(reward, dtype=np.float32), done, infos
