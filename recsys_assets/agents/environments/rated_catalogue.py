"""`RatedCatalogue-v0`: the classic MovieLens environment. Showing a movie earns the user's logged rating of it.

    reward = rating - the user's mean, for rated movies, 0 for others

Only what a user rated can earn anything, and nothing is said of what they would have thought of the rest: all that logs
alone can teach. What was shown is masked, and so is what a service knows of the user already: `rated_catalogue` pays
for the later ratings of one group of a setting's people, and lets the earlier ones be the profile they come with.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.actions import NOT_SHOWN
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class RatedCatalogueConfig(BaseModel, extra="forbid", frozen=True):
    """Of the session."""

    horizon: PositiveInt = 20


class RatedCatalogueSessions:
    """Columns of b sessions. Observations (b, g + 2): genres by what they earned, mean reward, progress."""

    def __init__(
        self,
        histories: Histories,
        directions: FloatArray,
        config: RatedCatalogueConfig | None = None,
        *,
        known: Histories | None = None,
    ) -> None:
        """`histories` can be earned; `known` of the same users, if given, cannot, and makes the profile at the start.
        Both count towards a user's mean."""
        self.config = config or RatedCatalogueConfig()
        self.histories, self.directions = histories, directions
        self.known = known or histories.take(np.full(len(histories), -1))
        means = self._means()
        keys = self._key(histories.rows, histories.movies)
        order = np.argsort(keys, kind="stable")
        self._keys, self._rewards = keys[order], (histories.ratings - means[histories.rows])[order].astype(np.float32)
        self._known_keys = np.sort(self._key(self.known.rows, self.known.movies))
        earned = (self.known.ratings - means[self.known.rows])[:, None] * directions[self.known.movies]
        self._start = np.zeros((len(histories), directions.shape[1]), dtype=np.float32)
        np.add.at(self._start, self.known.rows, earned)

    @property
    def width(self) -> int:
        return self.directions.shape[1] + 2

    def reset(self, users: IntArray) -> FloatArray:
        """A session of each of these rows of the histories."""
        self.users = np.asarray(users, dtype=np.int64)
        self.shown = np.full((len(self.users), self.config.horizon), NOT_SHOWN, dtype=np.int64)
        self.profile = self._start[self.users].copy()
        self.total = np.zeros(len(self.users), dtype=np.float32)
        self.steps = 0
        return self.observations()

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, bool]:
        """Observations, rewards (b,), and whether the sessions are over. Raises SessionError for a masked movie."""
        movies, n = np.asarray(movies, dtype=np.int64), len(self.directions)
        if self.steps >= self.config.horizon:
            raise SessionError(f"the sessions ended after {self.steps} steps; reset them")
        if ((movies < 0) | (movies >= n)).any():
            raise SessionError(f"movie {int(movies[(movies < 0) | (movies >= n)][0])} is none of the {n:,}")
        if (again := (self.shown == movies[:, None]).any(axis=1)).any():
            raise SessionError(f"movie {movies[again][0]} was shown in this session; mask what `shown` holds")
        if (old := self._found(self._known_keys, self._key(self.users, movies))[1]).any():
            raise SessionError(f"movie {movies[old][0]} is among the user's known ratings; mask them")
        rewards = self.rewards_of(movies)
        self.shown[:, self.steps] = movies
        self.profile += rewards[:, None] * self.directions[movies]
        self.total += rewards
        self.steps += 1
        return self.observations(), rewards, self.steps >= self.config.horizon

    def rewards_of(self, movies: IntArray) -> FloatArray:
        """(b,) of one movie each: the rating around the user's mean, 0 where there is none."""
        place, there = self._found(self._keys, self._key(self.users, movies))
        rewards = np.zeros(len(movies), dtype=np.float32)
        rewards[there] = self._rewards[place[there]]
        return rewards

    def observations(self) -> FloatArray:
        mean = self.total / max(1, self.steps)
        progress = np.full(len(self.users), self.steps / self.config.horizon)
        return np.concatenate([self.profile, mean[:, None], progress[:, None]], axis=1).astype(np.float32)

    def allowed(self) -> np.ndarray:
        """(b, n_movies) bool: neither known nor shown."""
        free = np.ones((len(self.users), len(self.directions)), dtype=np.bool_)
        known = self.known.take(self.users)
        free[known.rows, known.movies] = False
        rows, steps = np.nonzero(self.shown != NOT_SHOWN)
        free[rows, self.shown[rows, steps]] = False
        return free

    def _means(self) -> FloatArray:
        """(n_users,) mean of all ratings of each."""
        parts = self.histories, self.known
        sums = sum(np.bincount(part.rows, part.ratings, len(part)) for part in parts)
        counts = sum(part.lengths for part in parts)
        return np.asarray(sums / np.maximum(counts, 1), dtype=np.float32)

    def _key(self, users: IntArray, movies: np.ndarray) -> IntArray:
        return users * len(self.directions) + movies

    @staticmethod
    def _found(keys: IntArray, wanted: IntArray) -> tuple[IntArray, np.ndarray]:
        """Place (b,) in sorted `keys`, and whether it is there (b,)."""
        if len(keys) == 0:
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return place, keys[place] == wanted


def rated_catalogue(
    setting: AgentSetting, group: Group, config: RatedCatalogueConfig | None = None
) -> RatedCatalogueSessions:
    """Sessions of people of `group`: training users to learn from, others to judge."""
    split = setting.splits[group]
    return RatedCatalogueSessions(split.hidden, setting.world.directions, config, known=split.known)


class RatedCatalogue(gym.Env[FloatArray, np.int64]):
    """One session as a gymnasium environment.

    A masked movie is not shown and earns nothing; as many of these as a session has steps cut it short. (The columns
    refuse it with an error.)
    """

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
        self.refused = 0
        return self.sessions.reset(np.array([user]))[0], {"user": user, "action_mask": self.action_mask()}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        if not self.action_mask()[int(action)]:
            self.refused += 1
            cut = self.refused >= self.sessions.config.horizon
            return self.sessions.observations()[0], 0.0, False, cut, {"action_mask": self.action_mask()}
        observations, rewards, ended = self.sessions.step(np.array([int(action)]))
        return observations[0], float(rewards[0]), ended, False, {"action_mask": self.action_mask()}

    def action_mask(self) -> np.ndarray:
        """(n_movies,) bool: what was neither known nor shown."""
        return self.sessions.allowed()[0]
