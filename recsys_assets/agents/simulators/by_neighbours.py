"""Simulator B, for testing only: people of another kind than those that agents were trained with.

Their taste for a movie is what they gave to movies rated alike by others (item-kNN on ratings) instead of a point among
factors, and they are bored by how many of the last three movies share the movie's genres instead of by a fading memory.
The likeness of movies comes from training users, the ratings from the people themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.simulators.base import (
    Answer,
    Moment,
    Temper,
    considers,
    draws,
    judge,
    leaves,
    normal_draws,
)
from recsys_assets.agents.world import World
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

LAST = 3
SHARED = 0.5
"""Cosine of genres from which two movies are of a kind."""


@dataclass(frozen=True)
class NeighbourPeople:
    """Tastes as one row of stars a person: `stars` (n_users, n_movies) float32, for hundreds of people at most."""

    name: str
    world: World
    temper: Temper
    known: Histories
    stars: FloatArray
    noise: float
    """Variance of a rating around `stars`, squared rating points."""

    @classmethod
    def of(
        cls,
        name: str,
        world: World,
        temper: Temper,
        model: RatingPredictor,
        histories: Histories,
        known: Histories,
        *,
        noise: float,
    ) -> NeighbourPeople:
        """`model` is fitted on training users; `histories` of these people are folded in."""
        nobody = np.full(len(histories), -1, dtype=np.int64)
        stars = model._scores(histories, nobody, model.fallback_scores)
        return cls(name, world, temper, known, np.clip(stars, 0.5, 5.0), noise)

    def respond(self, moment: Moment, movies: IntArray) -> Answer:
        noise = normal_draws(moment, movies, purpose=1) * self.noise**0.5
        felt = self.stars[moment.users, movies] + noise - self.temper.boredom * self._alike(moment, movies)
        considered = draws(moment, movies, purpose=2) < considers(self.world, self.temper, movies)
        acts = judge(self.temper, felt, considered)
        left = leaves(self.temper, acts, moment.bad_streak, draws(moment, movies, purpose=3))
        return Answer(acts, left)

    def expected(self, users: IntArray) -> FloatArray:
        return self.stars[users]

    def _alike(self, moment: Moment, movies: IntArray) -> FloatArray:
        """Share (b,) of the last `LAST` places that hold a movie of the same kind."""
        place = moment.steps[:, None] - 1 - np.arange(LAST)
        last = np.where(place >= 0, np.take_along_axis(moment.shown, np.maximum(place, 0), axis=1), -1)
        cosine = np.einsum("blg,bg->bl", self.world.directions[np.maximum(last, 0)], self.world.directions[movies])
        alike: FloatArray = ((cosine >= SHARED) & (last >= 0)).mean(axis=1).astype(np.float32)
        return alike
