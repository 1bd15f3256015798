"""Sessions to learn from: the same people, whose rewards are expected instead of drawn and whose leaving is a discount.

What the training simulator knows of chance need not be learned by trial. A movie's reward is the mean over the acts it
may lead to, and a person who may leave stays, while all that follows counts by the chance that they had stayed:

    return = sum over t of (product over k < t of stay_k) * E[reward_t]

The mean over sessions is that of drawn sessions, with a fraction of the spread (Rao and Blackwell), and every session
teaches all its steps. Acts are still drawn, for what is seen of them changes beliefs.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.base import Policy
from recsys_assets.agents.simulators.base import Moment, Simulator
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import FloatArray, IntArray


class TeachingSimulator(Simulator, Protocol):
    """A simulator that can say how likely what it draws is."""

    def chances(self, moment: Moment, movies: IntArray) -> FloatArray:
        """Chance (b, 5) of each `Act`."""

    def leave_chances(self, moment: Moment, acts: IntArray) -> FloatArray:
        """Chance (b,) to go away after `acts`."""


class PatientSessions(Sessions):
    """Nobody leaves before the horizon. After a step, `stay` (b,) is the chance to have stayed at it, `survival` (b,)
    the chance to have come as far as that step at all."""

    simulator: TeachingSimulator

    def __init__(self, simulator: TeachingSimulator, model: TasteModel, rewards: Rewards | None = None) -> None:
        super().__init__(simulator, model, rewards)

    def reset(self, users: IntArray, seeds: IntArray) -> FloatArray:
        self._expected = np.zeros(len(users), dtype=np.float32)
        self.stay, self.survival, self._next = (np.ones(len(users), dtype=np.float32) for _ in range(3))
        return super().reset(users, seeds)

    def restart(self, rows: IntArray, users: IntArray, seeds: IntArray) -> None:
        super().restart(rows, users, seeds)
        self._next[rows] = 1

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """As in `Sessions`; the rewards (b,) are expected ones."""
        live = ~self.ended
        self.survival = np.where(live, self._next, 0).astype(np.float32)
        observations, _, ended = super().step(movies)
        self._next = self.survival * self.stay
        return observations, np.where(live, self._expected, 0).astype(np.float32), ended

    def _ask(self, live: IntArray, movies: IntArray) -> tuple[IntArray, np.ndarray]:
        acts, left = super()._ask(live, movies)
        moment = self._moment(live)
        self._expected[live] = self.simulator.chances(moment, movies) @ self.rewards.table()
        self.stay[live] = 1 - self.simulator.leave_chances(moment, acts)
        return acts, np.zeros_like(left)


def expected_returns(policy: Policy, sessions: PatientSessions, users: IntArray, *, seeds: IntArray) -> FloatArray:
    """Returns (n_seeds, n_users) of a session of every user with every seed, expected over what need not be drawn."""
    policy.begin(sessions.known, sessions.layout)
    rng = np.random.default_rng(0)
    found = []
    for seed in seeds:
        observations = sessions.reset(users, np.full(len(users), seed, dtype=np.int64))
        total = np.zeros(len(users), dtype=np.float32)
        while not sessions.ended.all():
            observations, rewards, _ = sessions.step(policy.act(observations, rng))
            total += sessions.survival * rewards
        found.append(total)
    return np.stack(found)
