"""The environments whose states hold no belief of a taste, as columns of sessions that are replaced when they end.

`LoggedSession-v0`, `RatedCatalogue-v0` and `RandomUsers-v0` differ in what a state is and what earns; to a learner they
are one thing: observations, a mask of what may be shown, rewards. Who comes next is drawn by the seed alone, never by
what was shown, so that policies can be compared on the same people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces

from recsys_assets.agents.environments.logged_session import LoggedSessions
from recsys_assets.agents.environments.random_users import RandomUsersSessions
from recsys_assets.agents.environments.rated_catalogue import RatedCatalogueSessions
from recsys_assets.columns_env import SideBySideVecEnv, Step
from recsys_assets.recommenders.data import FloatArray, IntArray


class Columns(Protocol):
    """b sessions side by side. `best` and `worst`: bounds of the reward of one step."""

    width: int
    best: float
    worst: float

    def begin(self, b: int, seed: int) -> FloatArray:
        """Observations (b, width) of b new sessions, drawn by `seed`."""

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
        """What follows (b, width), observations to go on with (b, width), rewards (b,), ended (b,).

        The first two differ where a session ended: there another has begun.
        """

    def allowed(self) -> np.ndarray:
        """(b, n_movies) bool: what may be shown now."""


class Replays:
    """Of `LoggedSession-v0`."""

    def __init__(self, sessions: LoggedSessions) -> None:
        self.sessions, self.width = sessions, sessions.width
        self.best, self.worst = sessions.config.bound, 0.0

    def begin(self, b: int, seed: int) -> FloatArray:
        self._rng = np.random.default_rng(seed)
        return self.sessions.reset(self._rng.choice(self.sessions.playable, b))

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
        after, rewards, ended = self.sessions.step(movies)
        over = np.flatnonzero(ended)
        if len(over):
            self.sessions.restart(over, self._rng.choice(self.sessions.playable, len(over)))
            return after, self.sessions.observations(), rewards, ended
        return after, after, rewards, ended

    def allowed(self) -> np.ndarray:
        return self.sessions.unseen()


class Ratings:
    """Of `RatedCatalogue-v0`: sessions end together."""

    def __init__(self, sessions: RatedCatalogueSessions) -> None:
        self.sessions, self.width = sessions, sessions.width
        self.best, self.worst = 4.5, -4.5

    def begin(self, b: int, seed: int) -> FloatArray:
        self._rng, self._b = np.random.default_rng(seed), b
        return self._new()

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
        after, rewards, over = self.sessions.step(movies)
        return after, self._new() if over else after, rewards, np.full(self._b, over)

    def allowed(self) -> np.ndarray:
        return self.sessions.allowed()

    def _new(self) -> FloatArray:
        return self.sessions.reset(self._rng.integers(0, len(self.sessions.histories), self._b))


class Strangers:
    """Of `RandomUsers-v0`: sessions end together, and a movie that was shown may be shown again, at a cost."""

    def __init__(self, sessions: RandomUsersSessions) -> None:
        self.sessions, self.width = sessions, sessions.features.shape[1]
        rewards = sessions.config.rewards.table()
        self.best, self.worst = float(rewards.max()), float(rewards.min()) + min(0.0, sessions.config.repeat)

    def begin(self, b: int, seed: int) -> FloatArray:
        self._rng, self._b = np.random.default_rng(seed), b
        return self._new()

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
        after, rewards, _ = self.sessions.step(movies)
        over = self.sessions.ended
        return after, self._new() if over else after, rewards, np.full(self._b, over)

    def allowed(self) -> np.ndarray:
        free = np.ones((self._b, len(self.sessions.features)), dtype=np.bool_)
        rows, steps = np.nonzero(self.sessions.shown >= 0)
        free[rows, self.sessions.shown[rows, steps]] = False
        return free

    def _new(self) -> FloatArray:
        return self.sessions.reset(self._rng.integers(0, 2**31, self._b))


class ColumnsVecEnv(SideBySideVecEnv):
    """Columns as a vectorized environment of Stable-Baselines3; infos hold what followed a session's last movie."""

    def __init__(self, columns: Columns, num_envs: int, *, n_movies: int, seed: int) -> None:
        self.columns, self._seed = columns, seed
        super().__init__(num_envs, spaces.Box(-np.inf, np.inf, (columns.width,), np.float32), spaces.Discrete(n_movies))

    def reset(self) -> np.ndarray:
        return self.columns.begin(self.num_envs, self._seed)

    def advance(self, actions: np.ndarray) -> Step:
        after, observations, rewards, ended = self.columns.step(actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(ended):
            infos[row] = {"terminal_observation": after[row]}
        return observations, rewards, ended, infos

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        self._seed = self._seed if seed is None else seed
        return [seed] * self.num_envs
