"""`LoggedSession-v0`: what a person really watched, replayed; the action is a guess at what comes next.

    reward = hit * [the movie watched next] + genre * cosine of genres to it + rating * mean rating so far, 0-1

(the weights of a student project: 0.4, 0.3, 0.3). The last part does not depend on the action: it is kept as it was,
and an agent's merit here is what it earns above it. Sequences are of training users when training, of others when
judging.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, NonNegativeFloat, PositiveInt

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

LOWEST, RANGE = 0.5, 4.5
"""Stars: a mean rating of 0.5 counts as 0, of 5 as 1."""


class LoggedSessionConfig(BaseModel, extra="forbid", frozen=True):
    """Weights of the reward, and how much of the past a state shows."""

    hit: NonNegativeFloat = 0.4
    genre: NonNegativeFloat = 0.3
    rating: NonNegativeFloat = 0.3
    window: PositiveInt = 5
    """Movies of the past in a state."""


def logged_reward(
    config: LoggedSessionConfig, hit: np.ndarray, genre_cosine: np.ndarray, mean_rating: np.ndarray
) -> FloatArray:
    """(b,) rewards of (b,) terms, each 0-1."""
    reward = config.hit * hit + config.genre * genre_cosine + config.rating * mean_rating
    return np.asarray(reward, dtype=np.float32)


class LoggedSessions:
    """b replays in columns. Observations (b, window * d + g + 2): the last movies' vectors, oldest first; then the
    profile: their mean genres, the mean rating so far 0-1, and the share of the sequence that is over."""

    def __init__(
        self,
        histories: Histories,
        features: FloatArray,
        directions: FloatArray,
        config: LoggedSessionConfig | None = None,
    ) -> None:
        """`features` (n, d) frozen vectors of movies, say a sequence model's, `directions` (n, g) genres."""
        self.config = config or LoggedSessionConfig()
        self.histories, self.features, self.directions = histories, features, directions
        self.playable = np.flatnonzero(histories.lengths > self.config.window)
        if len(self.playable) == 0:
            raise ValueError(f"no sequence is longer than {self.config.window} movies, the window of a state")

    @property
    def width(self) -> int:
        return self.config.window * self.features.shape[1] + self.directions.shape[1] + 2

    def reset(self, rows: IntArray) -> FloatArray:
        """Replay these rows of the histories from their first full window on."""
        self.rows = np.asarray(rows, dtype=np.int64)
        self.place = np.full(len(self.rows), self.config.window, dtype=np.int64)
        self.lengths = self.histories.lengths[self.rows]
        return self.observations()

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """Observations, rewards (b,), who has come to the end (b,). Ended replays stay as they are, with reward 0."""
        live = self.place < self.lengths
        at = self.histories.indptr[self.rows] + np.minimum(self.place, self.lengths - 1)
        target = self.histories.movies[at]
        cosine = np.einsum("bg,bg->b", self.directions[movies], self.directions[target])
        rewards = logged_reward(self.config, (movies == target).astype(np.float32), cosine, self._mean_rating())
        self.place = np.where(live, self.place + 1, self.place)
        return self.observations(), np.where(live, rewards, 0).astype(np.float32), self.place >= self.lengths

    def observations(self) -> FloatArray:
        offset = np.arange(-self.config.window, 0)
        at = self.histories.indptr[self.rows][:, None] + self.place[:, None] + offset
        last = self.features[self.histories.movies[at]].reshape(len(self.rows), -1)
        genres = self.directions[self.histories.movies[at]].mean(axis=1)
        over = self.place / self.lengths
        parts = [last, genres, self._mean_rating()[:, None], over[:, None]]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _mean_rating(self) -> FloatArray:
        """(b,) of what was rated before this step."""
        total = np.concatenate(([0.0], np.cumsum(self.histories.ratings, dtype=np.float64)))
        start = self.histories.indptr[self.rows]
        mean = (total[start + self.place] - total[start]) / self.place
        scaled: FloatArray = ((mean - LOWEST) / RANGE).astype(np.float32)
        return scaled


class LoggedSession(gym.Env[FloatArray, np.int64]):
    """One replay as a gymnasium environment; whose it is follows from the seed of `reset`."""

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's name and type

    def __init__(self, sessions: LoggedSessions) -> None:
        self.sessions = sessions
        self.observation_space = spaces.Box(-np.inf, np.inf, (sessions.width,), np.float32)
        self.action_space: spaces.Discrete = spaces.Discrete(len(sessions.features))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FloatArray, dict[str, Any]]:
        """`options`: `row` of the histories; by chance among those long enough where not given."""
        super().reset(seed=seed)
        row = int((options or {}).get("row", self.np_random.choice(self.sessions.playable)))
        return self.sessions.reset(np.array([row]))[0], {"row": row}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        observations, rewards, ended = self.sessions.step(np.array([int(action)]))
        return observations[0], float(rewards[0]), bool(ended[0]), False, {}
