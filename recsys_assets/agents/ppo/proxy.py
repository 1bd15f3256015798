"""Sessions whose rewards are what a reward model says: all that an agent from feedback is ever told.

People act and leave as in simulator A of training users, for somebody has to answer; what their acts were worth is
kept aside as `truth`, for looks and plots, and never learned from.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.environments.expected import PatientSessions, TeachingSimulator
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.base import Policy
from recsys_assets.agents.preferences.leanings import Evidence
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.view import View
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import FloatArray, IntArray


class ProxySessions(Sessions):
    """`proxy` tells the reward of a movie in a state, as one who is asked."""

    def __init__(
        self, simulator: TeachingSimulator, model: TasteModel, rewards: Rewards, proxy: RewardModel, view: View
    ) -> None:
        super().__init__(simulator, model, rewards)
        self.proxy, self.view = proxy, view
        self._held = view.leanings.evidence(self.known)

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """As in `Sessions`, the rewards (b,) being the proxy's for the states before the step."""
        live = np.flatnonzero(~self.ended)
        told = np.zeros(len(self.users), dtype=np.float32)
        chosen = np.asarray(movies, dtype=np.int64)[live]
        told[live] = proxy_rewards(self.proxy, self.view, self._held, self.observations()[live], chosen)
        observations, _, ended = super().step(movies)
        return observations, told, ended


def proxy_rewards(
    proxy: RewardModel, view: View, held: Evidence, observations: FloatArray, movies: IntArray
) -> FloatArray:
    """(b,) of `movies` put before people in these states; `held`: what their known ratings tell."""
    return proxy.rewards(view, view.at(observations, held, asked=np.ones(len(movies), dtype=bool)), movies)


def both_returns(
    policy: Policy, sessions: PatientSessions, proxy: RewardModel, view: View, *, seeds: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(n_users,) true and proxy returns of sessions of everybody, expected over leaving; means over `seeds`."""
    users = np.arange(len(sessions.known))
    policy.begin(sessions.known, sessions.layout)
    held, rng = view.leanings.evidence(sessions.known), np.random.default_rng(0)
    truth, told = np.zeros((2, len(users)), dtype=np.float64)
    for seed in seeds:
        observations = sessions.reset(users, np.full(len(users), seed, dtype=np.int64))
        while not sessions.ended.all():
            movies = policy.act(observations, rng)
            proxies = proxy_rewards(proxy, view, held, observations, movies)
            observations, rewards, _ = sessions.step(movies)
            truth += sessions.survival * rewards
            told += sessions.survival * proxies
    return (truth / len(seeds)).astype(np.float32), (told / len(seeds)).astype(np.float32)
