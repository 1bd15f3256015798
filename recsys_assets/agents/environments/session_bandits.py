"""Who plays `RandomUsers-v0`: chance, likeness to the profile, bandits that learn within the session, and an oracle.

The bandits are a ridge regression of the session's own rewards on the movies' unit vectors (online ridge), with
optimism LinUCB (Li et al., WWW 2010):

    score(i) = theta . x_i + optimism * sqrt(x_i' A^-1 x_i),   A = ridge I + sum x x'

After t steps A^-1 is I / ridge less t outer products, so each step costs two products of the vectors with one column a
session, for any number of features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recsys_assets.agents.actions import NOT_SHOWN
from recsys_assets.agents.environments.random_users import RandomUsersSessions
from recsys_assets.recommenders.data import FloatArray, IntArray

AT_ONCE = 200
"""Sessions that are scored together: 200 x 7,840 scores are 6 MB."""


class Player(Protocol):
    """Scores all movies for b sessions at once, and is told what the shown ones earned."""

    @property
    def name(self) -> str: ...

    def begin(self, sessions: RandomUsersSessions) -> None:
        """Sessions have begun."""

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        """(b, n_movies); ties are decided by chance."""

    def learn(self, movies: IntArray, rewards: FloatArray) -> None:
        """What was shown (b,) and earned (b,)."""


@dataclass
class Chance:
    """Any movie."""

    name: str = "random"

    def begin(self, sessions: RandomUsersSessions) -> None:
        pass

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        return np.zeros((len(sessions.seeds), len(sessions.vectors)), dtype=np.float32)

    def learn(self, movies: IntArray, rewards: FloatArray) -> None:
        pass


@dataclass
class NearestToProfile(Chance):
    """The movie most like the state: no learning but the environment's own."""

    name: str = "cosine to the state"

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        return sessions.profiles @ sessions.vectors.T


@dataclass
class KnowsTaste(Chance):
    """The ceiling: nobody can play so."""

    name: str = "knows the taste"

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        return sessions.tastes @ sessions.vectors.T


@dataclass
class SessionBandit:
    """`level`: the reward expected of any movie; surprises are counted from it."""

    name: str = "online ridge"
    ridge: float = 1.0
    optimism: float = 0.0
    level: float = 0.0

    def begin(self, sessions: RandomUsersSessions) -> None:
        self._vectors = sessions.vectors
        shape = (len(sessions.seeds), sessions.vectors.shape[1])
        self._theta, self._off = np.zeros(shape, dtype=np.float32), np.zeros((0, *shape), dtype=np.float32)
        if self.optimism:
            lengths = (self._vectors**2).sum(axis=1)
            self._spread = np.tile(lengths / self.ridge, (shape[0], 1))
            """(b, n) x_i' A^-1 x_i."""

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        scores: FloatArray = self._theta @ self._vectors.T
        if self.optimism:
            scores += self.optimism * np.sqrt(np.maximum(self._spread, 0))
        return scores

    def learn(self, movies: IntArray, rewards: FloatArray) -> None:
        x = self._vectors[movies]
        along = x / self.ridge - np.einsum("tbd,tb->bd", self._off, np.einsum("tbd,bd->tb", self._off, x))
        size = 1 + np.einsum("bd,bd->b", along, x)
        off = along / np.sqrt(size)[:, None]
        surprise = rewards - self.level - np.einsum("bd,bd->b", self._theta, x)
        self._theta += off * (surprise / np.sqrt(size))[:, None]
        self._off = np.concatenate([self._off, off[None]])
        if self.optimism:
            self._spread -= (off @ self._vectors.T) ** 2


@dataclass(frozen=True)
class Played:
    """Return of a session: mean of `n` and its standard error."""

    player: str
    mean: float
    error: float
    n: int


def play(player: Player, sessions: RandomUsersSessions, seeds: IntArray) -> FloatArray:
    """Returns (b,) of a session of each seed; no movie is shown twice."""
    parts = [_play(player, sessions, seeds[start : start + AT_ONCE]) for start in range(0, len(seeds), AT_ONCE)]
    return np.concatenate(parts)


def compare_players(players: Sequence[Player], sessions: RandomUsersSessions, seeds: IntArray) -> tuple[Played, ...]:
    """All in the same sessions."""
    returns = {player.name: play(player, sessions, seeds) for player in players}
    return tuple(
        Played(name, float(r.mean()), float(r.std(ddof=1) / len(r) ** 0.5), len(r)) for name, r in returns.items()
    )


def _play(player: Player, sessions: RandomUsersSessions, seeds: IntArray) -> FloatArray:
    sessions.reset(seeds)
    player.begin(sessions)
    rng, total = np.random.default_rng(seeds), np.zeros(len(seeds), dtype=np.float32)
    tie = 1e-6 * rng.random((len(seeds), len(sessions.vectors)), dtype=np.float32)
    while not sessions.ended:
        scores = player.scores(sessions) + tie
        rows, steps = np.nonzero(sessions.shown != NOT_SHOWN)
        scores[rows, sessions.shown[rows, steps]] = -np.inf
        movies = scores.argmax(axis=1).astype(np.int64)
        _, rewards, _ = sessions.step(movies)
        player.learn(movies, rewards)
        total += rewards
    return total
