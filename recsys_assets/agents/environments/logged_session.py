"""`LoggedSession-v0`: what a person really watched, replayed; the action is a guess at what comes next.

    reward = hit * [the movie watched next] + genre * cosine of genres to it + rating * mean rating so far, 0-1

(the weights of a student project: 0.4, 0.3, 0.3). The last part does not depend on the action: it is kept as it was,
and an agent's merit here is what it earns above it. `logged_sessions` replays one group of a setting's people: training
users to learn from, others to judge, each from where their known ratings end.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, NonNegativeFloat, PositiveInt

from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class LoggedSessionConfig(BaseModel, extra="forbid", frozen=True):
    """Weights of the reward, and how much of the past a state shows."""

    hit: NonNegativeFloat = 0.4
    genre: NonNegativeFloat = 0.3
    rating: NonNegativeFloat = 0.3
    stars: tuple[float, float] = (0.5, 5.0)
    """Mean ratings that count as 0 and as 1; that project took 3 and 5."""
    window: PositiveInt = 5
    """Movies of the past in a state."""

    @property
    def bound(self) -> float:
        """The most that a step can earn."""
        return self.hit + self.genre + self.rating


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
        *,
        starts: IntArray | None = None,
    ) -> None:
        """`features` (n, d) frozen vectors of movies, `directions` (n, g) genres; `starts` (rows,) places that replays
        begin at, the first full window at the earliest."""
        self.config = config or LoggedSessionConfig()
        self.histories, self.features, self.directions = histories, features, directions
        begin = np.zeros(len(histories), dtype=np.int64) if starts is None else np.asarray(starts, dtype=np.int64)
        self.starts = np.maximum(begin, self.config.window)
        self.playable = np.flatnonzero(histories.lengths > self.starts)
        if len(self.playable) == 0:
            raise ValueError(f"no sequence has a movie after its first {self.config.window}, the window of a state")
        self._sums = np.concatenate(([0.0], np.cumsum(histories.ratings, dtype=np.float64)))

    @property
    def width(self) -> int:
        return self.config.window * self.features.shape[1] + self.directions.shape[1] + 2

    def reset(self, rows: IntArray) -> FloatArray:
        """Replay these rows of the histories. Raises SessionError for one that has nothing left to foretell."""
        rows = self._playable(rows)
        self.rows, self.place, self.lengths = rows.copy(), self.starts[rows], self.histories.lengths[rows]
        return self.observations()

    def restart(self, columns: IntArray, rows: IntArray) -> None:
        """Replay `rows` of the histories in some of the columns."""
        rows = self._playable(rows)
        self.rows[columns], self.place[columns] = rows, self.starts[rows]
        self.lengths[columns] = self.histories.lengths[rows]

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """Observations, rewards (b,), who has come to the end (b,). Ended replays stay as they are, with reward 0."""
        movies, n = np.asarray(movies, dtype=np.int64), len(self.features)
        if ((movies < 0) | (movies >= n)).any():
            raise SessionError(f"movie {int(movies[(movies < 0) | (movies >= n)][0])} is none of the {n:,}")
        live = self.place < self.lengths
        target = self.targets()
        cosine = np.einsum("bg,bg->b", self.directions[movies], self.directions[target])
        rewards = logged_reward(self.config, (movies == target).astype(np.float32), cosine, self._mean_rating())
        self.place = np.where(live, self.place + 1, self.place)
        return self.observations(), np.where(live, rewards, 0).astype(np.float32), self.place >= self.lengths

    def targets(self) -> IntArray:
        """(b,) what is watched next; the last movie once more where a replay is over."""
        at = self.histories.indptr[self.rows] + np.minimum(self.place, self.lengths - 1)
        return self.histories.movies[at].astype(np.int64)

    def unseen(self) -> np.ndarray:
        """(b, n) bool: what was not watched before; nothing else can come next where nobody rates a movie twice."""
        allowed = np.ones((len(self.rows), len(self.features)), dtype=np.bool_)
        past = self.histories.take(self.rows)
        seen = np.arange(len(past.movies)) - past.indptr[past.rows] < self.place[past.rows]
        allowed[past.rows[seen], past.movies[seen]] = False
        return allowed

    def observations(self) -> FloatArray:
        offset = np.arange(-self.config.window, 0)
        at = self.histories.indptr[self.rows][:, None] + self.place[:, None] + offset
        last = self.features[self.histories.movies[at]].reshape(len(self.rows), -1)
        genres = self.directions[self.histories.movies[at]].mean(axis=1)
        over = self.place / self.lengths
        parts = [last, genres, self._mean_rating()[:, None], over[:, None]]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _playable(self, rows: IntArray) -> IntArray:
        rows = np.asarray(rows, dtype=np.int64)
        if len(odd := rows[~np.isin(rows, self.playable)]):
            raise SessionError(f"row {odd[0]} has no movie after its first {self.config.window}; see `playable`")
        return rows

    def _mean_rating(self) -> FloatArray:
        """(b,) of what was rated before this step, 0-1."""
        start = self.histories.indptr[self.rows]
        mean = (self._sums[start + self.place] - self._sums[start]) / self.place
        lowest, highest = self.config.stars
        scaled: FloatArray = np.clip((mean - lowest) / (highest - lowest), 0, 1).astype(np.float32)
        return scaled


def logged_sessions(
    setting: AgentSetting,
    group: Group,
    features: FloatArray | None = None,
    config: LoggedSessionConfig | None = None,
) -> LoggedSessions:
    """Replays of what a service does not know yet of these people.

    `features`: where not given, what a sequence model holds movies to be if the setting has one
    (`sequence_features.with_sequence_features`), their content if not.
    """
    world = setting.world
    if features is None:
        features = world.sequence if world.sequence.shape[1] else world.features
    known = setting.splits[group].known.lengths
    return LoggedSessions(setting.histories[group], features, setting.world.directions, config, starts=known)


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
        return self.sessions.reset(np.array([row]))[0], {"row": row, "action_mask": self.sessions.unseen()[0]}

    def step(self, action: np.int64) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
        observations, rewards, ended = self.sessions.step(np.array([int(action)]))
        return observations[0], float(rewards[0]), bool(ended[0]), False, {"action_mask": self.sessions.unseen()[0]}
