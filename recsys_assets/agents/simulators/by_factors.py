"""Simulator A: people whose tastes are points of the factorization, bored by genres that were shown lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.simulators.base import (
    Answer,
    Moment,
    Temper,
    act_chances,
    considers,
    draws,
    judge,
    leave_chances,
    leaves,
    normal_draws,
)
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


@dataclass(frozen=True)
class FactorPeople:
    """One row of `tastes` (n_users, w) a person."""

    name: str
    world: World
    temper: Temper
    known: Histories
    model: TasteModel
    tastes: FloatArray

    @classmethod
    def of(
        cls,
        name: str,
        world: World,
        temper: Temper,
        model: TasteModel,
        histories: Histories,
        known: Histories,
        *,
        seed: int,
    ) -> FactorPeople:
        """A person's taste is one draw from what all their `histories` leave open: no posterior mean is a person."""
        beliefs = model.believe(histories)
        rng = np.random.default_rng([seed, len(histories)])
        root = np.linalg.cholesky(beliefs.covariance.astype(np.float64) + 1e-9 * np.eye(model.width))
        drawn = np.einsum("bij,bj->bi", root, rng.normal(size=beliefs.mean.shape))
        return cls(name, world, temper, known, model, (beliefs.mean + drawn).astype(np.float32))

    def respond(self, moment: Moment, movies: IntArray) -> Answer:
        noise = normal_draws(moment, movies, purpose=1) * self.model.noise**0.5
        felt = self._felt(moment, movies) + noise
        considered = draws(moment, movies, purpose=2) < considers(self.world, self.temper, movies)
        acts = judge(self.temper, felt, considered)
        left = leaves(self.temper, acts, moment.bad_streak, draws(moment, movies, purpose=3))
        return Answer(acts, left)

    def chances(self, moment: Moment, movies: IntArray) -> FloatArray:
        """Chance (b, 5) of each `Act` where `respond` draws one: for learning with less noise."""
        considered = considers(self.world, self.temper, movies)
        return act_chances(self.temper, self._felt(moment, movies), self.model.noise**0.5, considered)

    def leave_chances(self, moment: Moment, acts: IntArray) -> FloatArray:
        """Chance (b,) to go away after `acts`."""
        return leave_chances(self.temper, acts, moment.bad_streak)

    def expected(self, users: IntArray) -> FloatArray:
        return self.model.predict(self.tastes[users])

    def _felt(self, moment: Moment, movies: IntArray) -> FloatArray:
        """Mean felt stars (b,)."""
        overlap = np.einsum("bg,bg->b", moment.exposure, self.world.directions[movies])
        felt: FloatArray = self.model.rate(self.tastes[moment.users], movies) - self.temper.boredom * overlap
        return felt
