"""Environments whose sessions are columns of the same arrays, as Stable-Baselines3 wants vectorized ones.

What all of them answer alike: there is no single environment to call, to wrap or to ask. A subclass gives `reset` and
`advance`. Imported where an agent is trained, for it loads Stable-Baselines3.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

Step = tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]
"""Observations to go on with, rewards, who ended, and of each what else is to be told."""


class SideBySideVecEnv(VecEnv):
    """`num_envs` sessions in columns."""

    def __init__(self, num_envs: int, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
        super().__init__(num_envs, observations, actions)
        self._chosen = np.zeros(num_envs, dtype=np.int64)

    @abstractmethod
    def advance(self, actions: np.ndarray) -> Step:
        """One step of all sessions; those that end begin anew."""

    def step_async(self, actions: np.ndarray) -> None:
        self._chosen = np.asarray(actions, dtype=np.int64)

    def step_wait(self) -> Step:
        return self.advance(self._chosen)

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name, None)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        raise TypeError(f"sessions are columns: there is no single environment whose {method_name} could be called")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * len(list(self._get_indices(indices)))

    def get_images(self) -> Sequence[Any]:
        return [None] * self.num_envs
