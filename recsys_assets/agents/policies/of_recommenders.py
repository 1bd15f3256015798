"""Any fitted recommender as a policy: its scores for what is known of a user, and for what they did in the session.

The model folds in a history made of the known ratings and of the session's acts as ratings (`RATING_OF_ACT`); an
ignored movie is nothing. It was fitted on training users, so every user is a newcomer to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import RATING_OF_ACT
from recsys_assets.agents.policies.simple import ScoringPolicy
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories

SESSION_TIME = 1 << 40
"""Seconds: acts of the session come after everything known."""


@dataclass
class RecommenderPolicy(ScoringPolicy):
    """Greedy by the scores of `model`."""

    model: Recommender | None = None

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.model is not None
        histories = self._histories(observations)
        nobody = np.full(len(observations), -1, dtype=np.int64)
        return self.model._scores(histories, nobody, self.model.fallback_scores)

    def _histories(self, observations: FloatArray) -> Histories:
        layout = self.layout
        known = self.known.take(layout.users_of(observations))
        shown, acts = layout.shown_of(observations), layout.acts_of(observations)
        rows, steps = np.nonzero((shown >= 0) & (acts != Act.IGNORE))
        return Histories.from_columns(
            np.concatenate([known.rows, rows]),
            len(observations),
            np.concatenate([known.movies, shown[rows, steps]]),
            np.concatenate([known.ratings, RATING_OF_ACT[acts[rows, steps]]]),
            np.concatenate([known.timestamps, SESSION_TIME + steps]),
        )
