"""`RandomUsers-v0`: people whose taste is a random direction, as a student project simulated them. A demonstration.

Taste is a random unit vector, unrelated to anything seen before; an act follows from cosine(taste, movie) + noise; the
state is a profile that is drawn to liked movies and pushed from others (`content_state.next_profile`). Users share
nothing, so nothing learned from one helps with the next: a bandit that learns within the session is all there is to
win, and no agent trained over episodes can pass it. The original's code is not part of this project: noise and
thresholds were set so that, on the IMDb table, random choice earns what it earned there in ten steps (1.05), and one
who knows the taste about as much (4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, NonNegativeFloat, PositiveInt

from recsys_assets.agents.actions import Act, Rewards
from recsys_assets.agents.content_state import next_profile
from recsys_assets.recommenders.data import FloatArray, IntArray


class RandomUsersConfig(BaseModel, extra="forbid", frozen=True):
    """Of the people and the session."""

    horizon: PositiveInt = 10
    noise: NonNegativeFloat = 0.22
    thresholds: tuple[float, float, float, float] = (0.34, 0.22, 0.035, -0.13)
    """Cosine with noise from which a movie is liked, watched, clicked, skipped; below the last it is ignored."""
    rewards: Rewards = Rewards()
    repeat: float = -0.3
    """Added when a movie is shown again."""


class RandomUsersSessions:
    """b sessions in columns. `features` (n, d) of movies; observations (b, d) are profiles."""

    def __init__(self, features: FloatArray, config: RandomUsersConfig | None = None) -> None:
        self.config = config or RandomUsersConfig()
        self.vectors = (features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def reset(self, n: int, *, seed: int) -> FloatArray:
        self.rng = np.random.default_rng(seed)
        width = self.vectors.shape[1]
        self.tastes, self.profiles = _directions(self.rng, n, width), _directions(self.rng, n, width)
        self.shown = np.full((n, self.config.horizon), -1, dtype=np.int64)
        self.steps = 0
        return self.profiles

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Profiles (b, d), rewards (b,), acts (b,). All sessions end together, after `horizon` steps."""
        x = self.vectors[movies]
        felt = np.einsum("bd,bd->b", self.tastes, x) + self.rng.normal(0, self.config.noise, len(movies))
        like, watch, click, skip = self.config.thresholds
        acts = np.select(
            [felt >= like, felt >= watch, felt >= click, felt >= skip],
            [Act.LIKE, Act.WATCH, Act.CLICK, Act.SKIP],
            Act.IGNORE,
        ).astype(np.int64)
        again = (self.shown == movies[:, None]).any(axis=1)
        rewards = self.config.rewards.of(acts) + self.config.repeat * again
        self.shown[:, self.steps] = movies
        self.profiles = next_profile(self.profiles, x, acts <= Act.CLICK)
        self.steps += 1
        return self.profiles, rewards.astype(np.float32), acts

    @property
    def ended(self) -> bool:
        return self.steps >= self.config.horizon


class RandomUsers(gym.Env[FloatArray, np.int64]):
    """One of them as a gymnasium environment. Showing a movie again is allowed, and costs `repeat`."""

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's name and type

    def __init__(self, features: FloatArray, config: RandomUsersConfig | None = None) -> None:
        self.sessions = RandomUsersSessions(features, config)
        self.observation_space = spaces.Box(-1.0001, 1.0001, (features.shape[1],), np.float32)
        self.action_space: spaces.Discrete = spaces.Discrete(len(features))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[FloatArray, dict[str, Any]]:
        super().reset(seed=seed)
        return self.sessions.reset(1, seed=int(self.np_random.integers(2**31)))[0], {}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        profiles, rewards, acts = self.sessions.step(np.array([int(action)]))
        return profiles[0], float(rewards[0]), self.sessions.ended, False, {"act": Act(int(acts[0])).name.lower()}


@dataclass
class RidgeBandit:
    """What there is to win here: a ridge regression of each session's own rewards, and some optimism."""

    vectors: FloatArray
    ridge: float = 1.0
    optimism: float = 0.0
    name: str = "ridge bandit"

    def play(self, sessions: RandomUsersSessions, n: int, *, seed: int) -> FloatArray:
        """Returns (n,) of that many sessions."""
        sessions.reset(n, seed=seed)
        rng = np.random.default_rng([seed, 1])
        width = self.vectors.shape[1]
        inverse = np.broadcast_to(np.eye(width, dtype=np.float32) / self.ridge, (n, width, width)).copy()
        target, total = np.zeros((n, width), dtype=np.float32), np.zeros(n, dtype=np.float32)
        while not sessions.ended:
            theta = np.einsum("bde,be->bd", inverse, target)
            scores = theta @ self.vectors.T + 1e-6 * rng.random((n, len(self.vectors)), dtype=np.float32)
            if self.optimism:
                for row in range(n):  # n x movies x width numbers at once would not fit
                    spread = np.einsum("nd,de,ne->n", self.vectors, inverse[row], self.vectors, optimize=True)
                    scores[row] += self.optimism * np.sqrt(np.maximum(spread, 0))
            np.put_along_axis(scores, sessions.shown[:, : sessions.steps], -np.inf, axis=1)
            movies = scores.argmax(axis=1)
            _, rewards, _ = sessions.step(movies)
            x = self.vectors[movies]
            gain = np.einsum("bde,be->bd", inverse, x)
            inverse -= gain[:, :, None] * gain[:, None, :] / (1 + np.einsum("bd,bd->b", gain, x))[:, None, None]
            target += rewards[:, None] * x
            total += rewards
        return total


def _directions(rng: np.random.Generator, n: int, width: int) -> FloatArray:
    drawn = rng.normal(size=(n, width))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
