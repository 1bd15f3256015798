"""A model as it is served, as a policy in sessions: it knows movies by id, whatever catalogue it was fitted on.

Every person is a newcomer to it, whose history is folded in: people of a simulator are no users of the platform. Movies
of the world that the model never heard of come last.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


@dataclass
class ServedPolicy(RecommenderPolicy):
    """Greedy by the scores of `model`."""

    columns: IntArray = field(init=False, repr=False)
    """(n_movies,) of the world: the model's column of each, or -1."""

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        assert self.model is not None
        super().begin(known, layout)
        self.columns = self.model.movies.index(self.world.movies.values)

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.model is not None
        histories = self._histories(observations)
        columns = self.columns[histories.movies]
        heard_of = columns >= 0
        translated = Histories.from_columns(
            histories.rows[heard_of],
            len(observations),
            columns[heard_of],
            histories.ratings[heard_of],
            histories.timestamps[heard_of],
        )
        nobody = np.full(len(observations), -1, dtype=np.int64)
        scores = self.model._scores(translated, nobody, self.model.fallback_scores)
        found: FloatArray = scores[:, self.columns]
        found[:, self.columns < 0] = np.finfo(np.float32).min
        return found
