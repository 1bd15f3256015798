"""`RatedCatalogue-v0`: the classic MovieLens environment. Showing a movie earns the user's logged rating of it.

    reward = rating - the user's mean, for rated movies, 0 for others

Only what a user rated can earn anything, and nothing is said of what they would have thought of the rest: an upper
bound of what logs alone can teach. A movie is shown once; what was shown is masked.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class RatedCatalogueConfig(BaseModel, extra="forbid", frozen=True):
    """Of the session."""

    horizon: PositiveInt = 20


class RatedCatalogueSessions:
    """Columns of b sessions. Observations (b, g + 2): reward-weighted genres shown, mean reward, progress."""

    def __init__(
        self, histories: Histories, directions: FloatArray, config: RatedCatalogueConfig | None = None
    ) -> None:
        self.config = config or RatedCatalogueConfig()
        self.histories, self.directions = histories, directions
        n = len(directions)
        keys = histories.rows * n + histories.movies
        order = np.argsort(keys, kind="stable")
        sums = np.bincount(histories.rows, histories.ratings, len(histories))
        means = sums / np.maximum(histories.lengths, 1)
        self._keys, self._rewards = keys[order], (histories.ratings - means[histories.rows])[order].astype(np.float32)

    @property
    def width(self) -> int:
        return self.directions.shape[1] + 2

    def reset(self, users: IntArray) -> FloatArray:
        """A session of each of these rows of the histories."""
        self.users = np.asarray(users, dtype=np.int64)
        self.shown = np.full((len(self.users), self.config.horizon), -1, dtype=np.int64)
        self.profile = np.zeros((len(self.users), self.directions.shape[1]), dtype=np.float32)
        self.total = np.zeros(len(self.users), dtype=np.float32)
        self.steps = 0
        return self.observations()

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, bool]:
        """Observations, rewards (b,), and whether the sessions are over. Raises SessionError for a repeated movie."""
        movies = np.asarray(movies, dtype=np.int64)
        again = (self.shown == movies[:, None]).any(axis=1)
        if again.any():
            raise SessionError(f"movie {movies[again][0]} was shown in this session; mask what `shown` holds")
        rewards = self.rewards_of(movies)
        self.shown[:, self.steps] = movies
        self.profile += rewards[:, None] * self.directions[movies]
        self.total += rewards
        self.steps += 1
        return self.observations(), rewards, self.steps >= self.config.horizon

    def rewards_of(self, movies: IntArray) -> FloatArray:
        """(b,) of one movie each: the rating around the user's mean, 0 where there is none."""
        key = self.users * len(self.directions) + movies
        place = np.minimum(np.searchsorted(self._keys, key), max(0, len(self._keys) - 1))
        found: FloatArray = np.where(self._keys[place] == key, self._rewards[place], 0).astype(np.float32)
        return found

    def observations(self) -> FloatArray:
        mean = self.total / max(1, self.steps)
        progress = np.full(len(self.users), self.steps / self.config.horizon)
        return np.concatenate([self.profile, mean[:, None], progress[:, None]], axis=1).astype(np.float32)


class RatedCatalogue(gym.Env[FloatArray, np.int64]):
    """One session as a gymnasium environment."""

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's name and type

    def __init__(self, sessions: RatedCatalogueSessions) -> None:
        self.sessions = sessions
        self.observation_space = spaces.Box(-np.inf, np.inf, (sessions.width,), np.float32)
        self.action_space: spaces.Discrete = spaces.Discrete(len(sessions.directions))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FloatArray, dict[str, Any]]:
        """`options`: `user`, a row of the histories; by chance where not given."""
        super().reset(seed=seed)
        user = int((options or {}).get("user", self.np_random.integers(len(self.sessions.histories))))
        return self.sessions.reset(np.array([user]))[0], {"user": user, "action_mask": self.action_mask()}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        observations, rewards, ended = self.sessions.step(np.array([int(action)]))
        return observations[0], float(rewards[0]), ended, False, {"action_mask": self.action_mask()}

    def action_mask(self) -> np.ndarray:
        """(n_movies,) bool: what was not shown yet."""
        allowed = np.ones(len(self.sessions.directions), dtype=np.bool_)
        shown = self.sessions.shown[0]
        allowed[shown[shown >= 0]] = False
        return allowed
