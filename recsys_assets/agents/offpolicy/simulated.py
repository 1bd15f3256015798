"""Logs of simulated sessions, in which the value of every policy is known: what estimators can be held against.

A stochastic policy plays with people of a simulator and writes down what it could have shown with which probability.
Because the simulator can say what each candidate would have earned on average (`TeachingSimulator.chances`), the truth
of any other policy at the very same moments is a sum, without playing it:

    truth = mean over decisions of sum over candidates of target * E[reward]

It is the value of a decision, at the moments that the logging policy led to: not the return of a session, whose later
moments another policy would have made different.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.environments.expected import TeachingSimulator
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.offpolicy.logs import DecisionLog
from recsys_assets.agents.offpolicy.softmax import Choice, SoftmaxPolicy
from recsys_assets.agents.simulators.base import Moment
from recsys_assets.recommenders.data import FloatArray, IntArray


@dataclass(frozen=True)
class SimulatedLog:
    """`expected` (n, k): what each candidate would have earned on average; no service knows it."""

    log: DecisionLog
    expected: FloatArray

    def truth(self, target: FloatArray) -> float:
        """Value of the policy that shows the candidates with probabilities `target` (n, k), rows adding up to 1."""
        return float((target * self.expected).sum(axis=1).mean())

    def take(self, rows: IntArray) -> SimulatedLog:
        """These decisions."""
        return SimulatedLog(self.log.take(rows), self.expected[rows])


def log_sessions(policy: SoftmaxPolicy, sessions: Sessions, users: IntArray, *, seed: int) -> SimulatedLog:
    """A session of each of `users`; decisions in the order of steps. `sessions` must be of a `TeachingSimulator`."""
    policy.begin(sessions.known, sessions.layout)
    rng = np.random.default_rng([seed, 17])
    observations = sessions.reset(users, np.full(len(users), seed, dtype=np.int64))
    logs, expected = [], []
    while len(live := np.flatnonzero(~sessions.ended)):
        seen, choice = observations[live], policy.choose(observations[live], rng)
        expected.append(expected_rewards(sessions, live, choice.candidates))
        movies = np.full(len(users), -1, dtype=np.int64)
        movies[live] = choice.movies
        observations, rewards, _ = sessions.step(movies)
        logs.append(_written(users[live], seen, choice, rewards[live]))
    return SimulatedLog(_joined(logs), np.concatenate(expected))


def log_people(policy: SoftmaxPolicy, sessions: Sessions, users: IntArray, *, seeds: IntArray) -> SimulatedLog:
    """A session of each of `users` with each of `seeds`."""
    parts = [log_sessions(policy, sessions, users, seed=int(seed)) for seed in seeds]
    return SimulatedLog(_joined([part.log for part in parts]), np.concatenate([part.expected for part in parts]))


def expected_rewards(sessions: Sessions, live: IntArray, candidates: IntArray) -> FloatArray:
    """(b, k) mean reward of each candidate (b, k) in the sessions `live` (b,) as they stand."""
    simulator: TeachingSimulator = sessions.simulator  # type: ignore[assignment]
    rows, k = np.repeat(live, candidates.shape[1]), candidates.shape[1]
    moment = Moment(
        sessions.users[rows],
        sessions.steps[rows],
        sessions.exposure[rows],
        sessions.bad_streak[rows],
        sessions.shown[rows],
        sessions.seeds[rows],
    )
    chances = simulator.chances(moment, np.maximum(candidates, 0).ravel())
    found: FloatArray = (chances @ sessions.rewards.table()).reshape(-1, k).astype(np.float32)
    return found


def _written(users: IntArray, seen: FloatArray, choice: Choice, rewards: FloatArray) -> DecisionLog:
    return DecisionLog(users, seen, choice.candidates, choice.probabilities, choice.places, rewards)


def _joined(logs: list[DecisionLog]) -> DecisionLog:
    return DecisionLog(
        np.concatenate([log.users for log in logs]),
        np.concatenate([log.contexts for log in logs]),
        np.concatenate([log.candidates for log in logs]),
        np.concatenate([log.probabilities for log in logs]),
        np.concatenate([log.places for log in logs]),
        np.concatenate([log.rewards for log in logs]),
    )
