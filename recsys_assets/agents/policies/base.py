"""What every policy answers to, learned or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class Policy(Protocol):
    """Chooses the next movie of each of many sessions at once."""

    name: str

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        """Sessions of these people begin: `known` (n_users rows) is what observations' `user` column points to."""

    def act(self, observations: FloatArray, rng: np.random.Generator) -> IntArray:
        """Movie indices (b,) for observations (b, layout.width); never one that is known or was shown.

        Called once per step for all running sessions. A policy that learns within a session finds what happened in the
        observation (`shown`, `acts`).
        """


def hide_known(scores: FloatArray, observations: FloatArray, known: Histories, layout: ObservationLayout) -> None:
    """Set scores (b, n_movies) of movies a user knew or was shown in this session to -inf, in place."""
    users = layout.users_of(observations)
    histories = known.take(users)
    scores[histories.rows, histories.movies] = -np.inf
    rows, columns = np.nonzero(layout.shown_of(observations) >= 0)
    scores[rows, layout.shown_of(observations)[rows, columns]] = -np.inf
