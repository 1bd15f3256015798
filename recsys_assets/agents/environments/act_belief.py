"""What a service can believe of a taste in `RandomUsers-v0`: a normal posterior, moved by acts instead of rewards.

With w = strength * taste ~ N(0, strength^2 / d), a person feels w . x + noise for the unit vector x of a movie, and an
act tells between which thresholds that fell. The mean and variance of a normal number between two cuts (an ordered
probit; assumed density filtering, Opper 1998) take the place of a reading:

    k = S x / (x'Sx + noise^2),  mean += k (E[felt | act] - mean . x),  S -= k k' (x'Sx + noise^2 - Var[felt | act])

S is kept as the prior less one outer product a step, so that no matrix of d x d is held for a session.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.environments.random_users import RandomUsersConfig, RandomUsersSessions
from recsys_assets.recommenders.data import FloatArray, IntArray

LEAST = 1e-9
ROOT = np.sqrt(2 * np.pi)


class ActBelief:
    """Of b sessions of one movie table; `mean` (b, d), `variance` (b, d): the diagonal of S."""

    def __init__(self, vectors: FloatArray, config: RandomUsersConfig, n: int) -> None:
        self.vectors, self.config = vectors, config
        self.prior = config.strength**2 / vectors.shape[1]
        self.mean = np.zeros((n, vectors.shape[1]), dtype=np.float32)
        self.variance = np.full_like(self.mean, self.prior)
        self.taken = np.zeros((0, *self.mean.shape), dtype=np.float32)
        """What each act took off S: vectors whose outer products are to be subtracted."""

    def learn(self, movies: IntArray, acts: IntArray) -> FloatArray:
        """Each session showed one of `movies` (b,) and saw `acts` (b,). Returns what was taken off S (b, d)."""
        x = self.vectors[movies]
        along = self.prior * x - np.einsum("tbd,tb->bd", self.taken, np.einsum("tbd,bd->tb", self.taken, x))
        spread = np.maximum(np.einsum("bd,bd->b", along, x), LEAST) + self.config.noise**2
        before = np.einsum("bd,bd->b", self.mean, x)
        felt, left = between_cuts(before, spread, acts, self.config.thresholds)
        self.mean += along * ((felt - before) / spread)[:, None]
        off: FloatArray = along * (np.sqrt(np.maximum(spread - left, 0)) / spread)[:, None]
        self.taken = np.concatenate([self.taken, off[None].astype(np.float32)])
        self.variance = np.maximum(self.variance - off**2, 0).astype(np.float32)
        return off


def between_cuts(
    mean: np.ndarray, variance: np.ndarray, acts: IntArray, thresholds: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (b,) of normal numbers that are known to have led to `acts` (b,), which fall in liking."""
    cuts, deviation = np.array([np.inf, *thresholds, -np.inf]), np.sqrt(variance)
    low, high = (cuts[acts + 1] - mean) / deviation, (cuts[acts] - mean) / deviation
    inside = np.maximum(ndtr(high) - ndtr(low), LEAST)
    at_low, at_high = np.exp(-(low**2) / 2) / ROOT, np.exp(-(high**2) / 2) / ROOT
    shift = (at_low - at_high) / inside
    edges = (np.where(np.isfinite(low), low, 0) * at_low - np.where(np.isfinite(high), high, 0) * at_high) / inside
    return mean + deviation * shift, variance * np.clip(1 + edges - shift**2, 0, 1)


def act_chances(sessions: RandomUsersSessions, movies: IntArray) -> FloatArray:
    """(b, 5) chance of each act, which only the simulator knows: people's tastes are in it."""
    config = sessions.config
    felt = config.strength * np.einsum("bd,bd->b", sessions.tastes, sessions.vectors[movies])
    cuts = np.array([np.inf, *config.thresholds, -np.inf])
    above = ndtr((felt[:, None] - cuts) / max(config.noise, LEAST))
    chances: FloatArray = np.diff(above, axis=1).astype(np.float32)
    return chances


@dataclass
class ActBandit:
    """Greedy by the belief, with optimism for what is uncertain; one of `session_bandits`' players."""

    name: str = "ordered probit"
    optimism: float = 0.3

    def begin(self, sessions: RandomUsersSessions) -> None:
        self._rewards, n = sessions.config.rewards, len(sessions.seeds)
        self._belief = ActBelief(sessions.vectors, sessions.config, n)
        lengths = (sessions.vectors**2).sum(axis=1)
        self._spread = np.tile(self._belief.prior * lengths, (n, 1))
        """(b, n) x' S x of every movie."""

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        scores: FloatArray = self._belief.mean @ sessions.vectors.T
        return scores + self.optimism * np.sqrt(np.maximum(self._spread, 0))

    def learn(self, movies: IntArray, rewards: FloatArray) -> None:
        off = self._belief.learn(movies, acts_of(rewards, self._rewards))
        self._spread -= (off @ self._belief.vectors.T) ** 2


def acts_of(rewards: FloatArray, table: Rewards) -> IntArray:
    """(b,) acts that earned these; players show no movie twice, so nothing else is in a reward."""
    found: IntArray = np.abs(rewards[:, None] - table.table()[None, :]).argmin(axis=1).astype(np.int64)
    return found
