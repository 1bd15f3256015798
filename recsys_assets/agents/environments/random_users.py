"""`RandomUsers-v0`: people whose tastes are random directions, as a student project simulated them. A demonstration.

    felt = strength * cosine(taste, movie) + noise        taste: a random direction of the movies' features

The act follows from where `felt` falls among `thresholds`; a repeated movie costs `repeat` more; the state is a profile
that starts as noise, is drawn to movies with a reward above 0 and pushed from others (`content_state.next_profile`).
Constants are that project's own (its `SimulatedUser` and `MovieRecommendationEnv`). People share nothing and the state
starts unrelated to them, so what is learned of one helps with no other: a bandit that learns within the session
(`session_bandits`) is all there is to win, and no agent trained over episodes can pass it.

Draws are hashes of (seed, step, movie): a session is the same alone and among others, and two players that show the
same movie at the same step get the same answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import polars as pl
from gymnasium import spaces
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.special import ndtri

from recsys_assets.agents.actions import NOT_SHOWN, Act, Rewards
from recsys_assets.agents.content_state import movie_features, next_profile
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.world import genre_shares
from recsys_assets.features.splitmix import mix
from recsys_assets.recommenders.data import FloatArray, IntArray

START = 0.1
"""Standard deviation of each number of a profile that knows nothing yet."""


class RandomUsersConfig(BaseModel, extra="forbid", frozen=True):
    """Of the people and the session."""

    horizon: PositiveInt = 10
    strength: PositiveFloat = 0.7
    noise: NonNegativeFloat = 0.1
    thresholds: tuple[float, float, float, float] = (0.3, 0.15, 0.0, -0.15)
    """Felt, above which a movie is liked, watched, clicked, skipped; below the last it is ignored."""
    rewards: Rewards = Rewards()
    repeat: float = -0.3
    """Added when a movie is shown again."""


class RandomUsersSessions:
    """b sessions in columns. `features` (n, d) of movies; observations (b, d) are profiles."""

    def __init__(self, features: FloatArray, config: RandomUsersConfig | None = None) -> None:
        self.config = config or RandomUsersConfig()
        self.features = features.astype(np.float32)
        self.vectors = self.features / np.maximum(np.linalg.norm(self.features, axis=1, keepdims=True), 1e-9)
        """(n, d) of length 1 or 0."""

    def reset(self, seeds: IntArray) -> FloatArray:
        """A session of each of `seeds` (b,), each with a person of its own."""
        self.seeds = np.asarray(seeds, dtype=np.int64)
        places = np.arange(self.features.shape[1])[None, :]
        tastes = _normal(self.seeds[:, None], 1, places)
        self.tastes = tastes / np.linalg.norm(tastes, axis=1, keepdims=True)
        self.profiles = START * _normal(self.seeds[:, None], 2, places)
        self.shown = np.full((len(self.seeds), self.config.horizon), NOT_SHOWN, dtype=np.int64)
        self.steps = 0
        return self.profiles

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Profiles (b, d), rewards (b,), acts (b,). All sessions end together, after `horizon` steps."""
        movies = np.asarray(movies, dtype=np.int64)
        n = len(self.features)
        if self.ended:
            raise SessionError(f"the sessions ended after {self.steps} steps; reset them")
        if ((movies < 0) | (movies >= n)).any():
            raise SessionError(f"movie {int(movies[(movies < 0) | (movies >= n)][0])} is none of the {n:,}")
        acts = self._acts(movies)
        again = (self.shown == movies[:, None]).any(axis=1)
        rewards = (self.config.rewards.of(acts) + self.config.repeat * again).astype(np.float32)
        self.profiles = next_profile(self.profiles, self.features[movies], rewards > 0)
        self.shown[:, self.steps] = movies
        self.steps += 1
        return self.profiles, rewards, acts

    @property
    def ended(self) -> bool:
        return self.steps >= self.config.horizon

    def _acts(self, movies: IntArray) -> IntArray:
        noise = _normal(self.seeds, 3, self.steps * len(self.features) + movies)
        felt = self.config.strength * np.einsum("bd,bd->b", self.tastes, self.vectors[movies])
        felt += self.config.noise * noise
        below = felt[:, None] <= np.array(self.config.thresholds, dtype=np.float32)
        return below.sum(axis=1).astype(np.int64)  # `Act` is in falling order of liking


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
        """`options`: `session`, the seed of the person and their answers; by chance where not given."""
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(2**31))
        session = int((options or {}).get("session", drawn))
        profiles = self.sessions.reset(np.array([session]))
        return profiles[0], {"session": session, "action_mask": self.action_mask()}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        profiles, rewards, acts = self.sessions.step(np.array([int(action)]))
        info = {"act": Act(int(acts[0])).name.lower(), "action_mask": self.action_mask()}
        return profiles[0], float(rewards[0]), self.sessions.ended, False, info

    def action_mask(self) -> np.ndarray:
        """(n_movies,) bool: what was not shown yet."""
        allowed = np.ones(len(self.sessions.features), dtype=np.bool_)
        shown = self.sessions.shown[0]
        allowed[shown[shown != NOT_SHOWN]] = False
        return allowed


def imdb_features(path: Path, *, seed: int) -> FloatArray:
    """(7840, 310) of `imdb_movies_2025_cleaned.csv`, the table of that project: 209 genres, text of plots, rating."""
    table = pl.read_csv(path, columns=["genre", "rating", "description"], schema_overrides={"rating": pl.Float32})
    genres = table.select(
        genres=pl.col("genre").fill_null("").str.split(",").list.eval(pl.element().str.strip_chars().replace("", None))
    )
    shares, _ = genre_shares(genres)
    texts = table["description"].fill_null("").to_list()
    return movie_features(shares, texts, table["rating"].fill_null(float("nan")).to_numpy(), seed=seed)


def _normal(seeds: IntArray, purpose: int, places: IntArray) -> FloatArray:
    """Standard normal numbers that depend on seed, purpose and place, and on nothing else; shapes broadcast."""
    state = mix(np.asarray(seeds).astype(np.uint64) * np.uint64(8) + np.uint64(purpose))
    state = mix(mix(state) ^ np.asarray(places).astype(np.uint64))
    share = ((state >> np.uint64(11)).astype(np.float64) + 0.5) / float(1 << 53)
    drawn: FloatArray = ndtri(share).astype(np.float32)
    return drawn
