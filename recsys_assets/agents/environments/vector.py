"""Sessions as a vectorized environment of Stable-Baselines3: many people at once, each replaced when they leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.columns_env import SideBySideVecEnv, Step

BOUND = 1e9
"""Of observations: they hold row numbers beside small numbers."""


def observation_space(layout: ObservationLayout) -> spaces.Box:
    return spaces.Box(-BOUND, BOUND, (layout.width,), np.float32)


class FeedbackVecEnv(SideBySideVecEnv):
    """`num_envs` sessions; who comes next is drawn by `seed`, everybody as often as anybody."""

    def __init__(self, sessions: Sessions, num_envs: int, *, seed: int) -> None:
        self.sessions, self.rng = sessions, np.random.default_rng(seed)
        super().__init__(num_envs, observation_space(sessions.layout), spaces.Discrete(len(sessions.simulator.world)))

    def reset(self) -> np.ndarray:
        return self.sessions.reset(self._draw_people(self.num_envs), self._draw_seeds(self.num_envs))

    def advance(self, actions: np.ndarray) -> Step:
        observations, rewards, ended = self.sessions.step(actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        rows = np.flatnonzero(ended)
        if len(rows):
            for row in rows:
                infos[row] = {
                    "terminal_observation": observations[row].copy(),
                    "episode": {"r": float(self.sessions.total[row]), "l": int(self.sessions.steps[row]), "t": 0.0},
                }
            self.sessions.restart(rows, self._draw_people(len(rows)), self._draw_seeds(len(rows)))
            observations = self.sessions.observations()
        return observations, rewards, ended, infos

    def state(self) -> dict[str, Any]:
        """Of the draws of people, so that a killed run goes on with the same."""
        return dict(self.rng.bit_generator.state)

    def restore(self, state: dict[str, Any]) -> None:
        self.rng.bit_generator.state = state

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        return [seed] * self.num_envs

    def _draw_people(self, n: int) -> np.ndarray:
        return self.rng.integers(0, len(self.sessions.known), n)

    def _draw_seeds(self, n: int) -> np.ndarray:
        return self.rng.integers(0, 2**31, n)
