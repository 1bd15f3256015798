"""`SimulatedFeedback-v0`: one session with one simulated person, as a gymnasium environment.

The same columns as `Sessions`, one row of them; who comes, and what they do, follows from the seed of `reset`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.recommenders.data import FloatArray

BOUND = 1e9
"""Of observations: they hold row numbers beside small numbers."""


class SimulatedFeedback(gym.Env[FloatArray, np.int64]):
    """Action: a movie's index; `action_mask` says which may be shown.

    One that may not be is not shown: it earns what an ignored movie does, nothing else changes, and as many of these
    as a session has steps cut it short. (`Sessions`, which learning and evaluation use, refuse it with an error.)

    `sessions`: of the people who come; see `setting.AgentSetting.sessions`.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's name and type

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.observation_space = spaces.Box(-BOUND, BOUND, (sessions.layout.width,), np.float32)
        self.action_space: spaces.Discrete = spaces.Discrete(len(sessions.simulator.world))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FloatArray, dict[str, Any]]:
        """`options`: `user`, the row of the person who comes; by chance where not given."""
        super().reset(seed=seed)
        people = len(self.sessions.known)
        user = int((options or {}).get("user", self.np_random.integers(people)))
        session_seed = int(self.np_random.integers(2**31))
        observation = self.sessions.reset(np.array([user]), np.array([session_seed]))[0]
        self.refused = 0
        return observation, {"user": user, "action_mask": self.action_mask()}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        if not self.action_mask()[int(action)]:
            return self._refuse()
        observations, rewards, ended = self.sessions.step(np.array([int(action)]))
        act = Act(int(self.sessions.acts[0, self.sessions.steps[0] - 1]))
        info = {"act": act.name.lower(), "action_mask": self.action_mask()}
        return observations[0], float(rewards[0]), bool(ended[0]), False, info

    def _refuse(self) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        self.refused += 1
        info = {"act": "refused", "action_mask": self.action_mask()}
        cut = self.refused >= self.sessions.layout.horizon
        return self.sessions.observations()[0], self.sessions.rewards.ignore, False, cut, info

    def action_mask(self) -> np.ndarray:
        """(n_movies,) bool: what may be shown now."""
        allowed = np.ones(len(self.sessions.simulator.world), dtype=np.bool_)
        allowed[self.sessions.known.take(self.sessions.users[:1]).movies] = False
        allowed[self.sessions.shown[0][self.sessions.shown[0] >= 0]] = False
        return allowed
