"""Sessions of a policy from begin to end: what every evaluation is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.actions import N_ACTS, NOT_SHOWN
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.base import Policy
from recsys_assets.recommenders.data import FloatArray, IntArray

SESSIONS_AT_ONCE = 512


@dataclass(frozen=True)
class SessionLog:
    """One row a session; `movies`, `acts` and `rewards` (n, horizon) in the order of steps, -1 and 0 after the end."""

    users: IntArray
    seeds: IntArray
    movies: IntArray
    acts: IntArray
    rewards: FloatArray

    @property
    def returns(self) -> FloatArray:
        """(n,) sum of the rewards of each session."""
        total: FloatArray = self.rewards.sum(axis=1)
        return total

    @property
    def lengths(self) -> IntArray:
        """(n,) steps."""
        return (self.movies != NOT_SHOWN).sum(axis=1)

    @property
    def act_shares(self) -> FloatArray:
        """(5,) share of each `Act` among all steps."""
        counts = np.bincount(self.acts[self.acts != NOT_SHOWN], minlength=N_ACTS)
        return (counts / max(1, counts.sum())).astype(np.float32)


def rollout(policy: Policy, sessions: Sessions, users: IntArray, *, seeds: IntArray) -> SessionLog:
    """A session of every user with every seed, (n_users * n_seeds) in all, users fastest."""
    every_user, every_seed = np.tile(users, len(seeds)), np.repeat(seeds, len(users))
    policy.begin(sessions.known, sessions.layout)
    parts = [
        _play(
            policy, sessions, every_user[start : start + SESSIONS_AT_ONCE], every_seed[start : start + SESSIONS_AT_ONCE]
        )
        for start in range(0, len(every_user), SESSIONS_AT_ONCE)
    ]
    movies, acts, rewards = (np.concatenate([p[i] for p in parts]) for i in range(3))
    return SessionLog(every_user, every_seed, movies, acts, rewards)


def _play(
    policy: Policy, sessions: Sessions, users: IntArray, seeds: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    observations = sessions.reset(users, seeds)
    rng = np.random.default_rng([int(seeds[0]), len(users), int(users[0])])
    rewards = np.zeros((len(users), sessions.layout.horizon), dtype=np.float32)
    for step in range(sessions.layout.horizon):
        live = np.flatnonzero(~sessions.ended)
        if len(live) == 0:
            break
        movies = np.full(len(users), NOT_SHOWN, dtype=np.int64)
        movies[live] = policy.act(observations[live], rng)
        observations, rewards[:, step], _ = sessions.step(movies)
    return sessions.shown.copy(), sessions.acts.copy(), rewards
