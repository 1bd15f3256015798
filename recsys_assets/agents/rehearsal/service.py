"""What people meet: a model that answers step by step, by chance among its best so that its logs can be judged later.

The chance is a softmax over the hundred best scores. Its temperature is set so that the best of them is shown about as
often as `first_share` says, whatever the units of a model's scores are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.offpolicy.softmax import Scores, SoftmaxPolicy, shortlist
from recsys_assets.agents.policies.base import Policy
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.simple import ScoringPolicy
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories

FIRST_SHARE = 0.2
"""Mean probability of the best movie while people are served."""
CALIBRATED_ON = 200
"""Sessions whose first step sets the temperature."""


class ServiceError(ValueError):
    """A model that cannot answer these people."""


@dataclass(frozen=True)
class Service:
    """`policy` shows what it holds best, `scores` rank all movies, `model` is what it believes of tastes by."""

    name: str
    version: str
    policy: Policy
    scores: Scores
    model: TasteModel

    def stochastic(self, sessions: Sessions, *, first_share: float = FIRST_SHARE) -> ServedByChance:
        """The same with chances, for people of `sessions`."""
        few = np.arange(min(CALIBRATED_ON, len(sessions.known)))
        served = ServedByChance(self.name, self.scores, 1.0, inner=self.policy)
        served.begin(sessions.known, sessions.layout)
        scores = served._allowed(sessions.reset(few, few), np.random.default_rng(0))
        served.temperature = temperature_for(scores, first_share)
        return served


@dataclass
class ServedByChance(SoftmaxPolicy):
    """Softmax over the scores of a policy, which begins with it."""

    inner: Policy | None = None

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        if self.inner is not None:
            self.inner.begin(known, layout)
        super().begin(known, layout)


def service_of(recommender: Recommender, world: World, beliefs: TasteModel, *, version: str) -> Service:
    """An exported model as a service. An agent has a policy and beliefs of its own; another model is asked anew after
    every act, with the session folded in, and `beliefs` are kept beside it.

    Raises ServiceError where the model knows other movies than `world`.
    """
    if not np.array_equal(recommender.movies.values, world.movies.values):
        raise ServiceError(
            f"{recommender.name} was fitted on {len(recommender.movies):,} movies, the people meet {len(world):,}; "
            "retrain it on the catalogue published last"
        )
    policy, taste = getattr(recommender, "policy", None), getattr(recommender, "taste", None)
    if policy is not None and isinstance(taste, TasteModel):
        return Service(recommender.name, version, policy, lambda seen, _: policy.ranking(seen), taste)
    greedy = RecommenderPolicy(world, name=recommender.name, model=recommender)
    return service_by(greedy, beliefs, version=version)


def service_by(policy: ScoringPolicy, model: TasteModel, *, version: str) -> Service:
    """A policy that scores all movies, as a service."""
    return Service(policy.name, version, policy, policy.scores, model)


def temperature_for(scores: FloatArray, first_share: float, *, steps: int = 40) -> float:
    """The temperature at which the best of each row of scores (b, n) has `first_share` of the chance on average.

    Bisection of its logarithm: the share falls with temperature from 1 to 1 / candidates.
    """
    finite = scores[np.isfinite(scores)]
    unit = float(finite.std()) or 1.0
    low, high = np.log(unit * 1e-4), np.log(unit * 1e4)
    for _ in range(steps):
        middle = (low + high) / 2
        _, chances = shortlist(scores, temperature=float(np.exp(middle)))
        low, high = (middle, high) if chances.max(axis=1).mean() > first_share else (low, middle)
    return float(np.exp((low + high) / 2))
