"""Sessions of expected rewards (`environments.expected`) as a vectorized environment, to learn from."""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.agents.environments.vector import FeedbackVecEnv
from recsys_assets.columns_env import Step


class TeachingVecEnv(FeedbackVecEnv):
    """Adds `stay` and `survival` of each step to its `infos`."""

    sessions: PatientSessions

    def advance(self, actions: np.ndarray) -> Step:
        observations, rewards, ended, infos = super().advance(actions)
        for info, stay, survival in zip(infos, self.sessions.stay, self.sessions.survival, strict=True):
            info["stay"], info["survival"] = float(stay), float(survival)
        return observations, rewards, ended, infos
