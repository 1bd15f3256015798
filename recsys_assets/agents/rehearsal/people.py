"""People who come after the data: their tastes are hidden, and not quite those the ratings tell of.

    felt(u, i) = (base_i + fashion_i) + a_i . x_u,    x_u ~ N(0, S),    fashion_i = f . genres_i + e_i

base, a and S are those of the data set's own factorization; `fashion`, what people think today and no rating of the
past says, is what there is to be learned from feedback. With fashion 0 a service that was fitted on the ratings knows
all that can be known before a person acts, and retraining has nothing to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, NonNegativeFloat, PositiveInt

from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.simulators.by_factors import FactorPeople
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class PeopleConfig(BaseModel, extra="forbid", frozen=True):
    """How many come, and how far tastes have moved since the ratings."""

    active: PositiveInt = 500
    """Give feedback, a session a round."""
    held_out: PositiveInt = 300
    """Give none, ever: the truth is measured on these."""
    genre_fashion: NonNegativeFloat = 0.4
    """Standard deviation over genres, in stars."""
    movie_fashion: NonNegativeFloat = 0.4
    """Standard deviation over movies beside their genres', in stars."""


@dataclass(frozen=True)
class People:
    """`tastes` (n, w) and `user_ids` (n,): the active ones first. Ids are none of the data set's."""

    config: PeopleConfig
    world: World
    temper: Temper
    truth: TasteModel
    tastes: FloatArray
    user_ids: IntArray

    @property
    def active(self) -> IntArray:
        """Rows of those who give feedback."""
        return np.arange(self.config.active)

    @property
    def held_out(self) -> IntArray:
        """Rows of those who never do."""
        return np.arange(self.config.active, len(self.user_ids))

    def simulator(self, rows: IntArray, known: Histories) -> FactorPeople:
        """These people; `known`: what a service has seen of each."""
        return FactorPeople("people after the data", self.world, self.temper, known, self.truth, self.tastes[rows])


def people_after(
    setting: AgentSetting, config: PeopleConfig | None = None, *, taken: Sequence[int] | IntArray = (), seed: int
) -> People:
    """Drawn from the tastes of `setting`, which holds nobody out (`production_setting`). `taken`: ids in use."""
    config = config or PeopleConfig()
    rng = np.random.default_rng([seed, 0x5EED])
    n = config.active + config.held_out
    root = np.linalg.cholesky(setting.model.prior.astype(np.float64) + 1e-9 * np.eye(setting.model.width))
    tastes = (rng.normal(size=(n, setting.model.width)) @ root.T).astype(np.float32)
    truth = replace(setting.model, base=setting.model.base + _fashion(setting.world, config, rng))
    first = int(np.max(taken, initial=0)) + 1
    return People(config, setting.world, setting.config.temper, truth, tastes, first + np.arange(n))


def nobody_known(n: int) -> Histories:
    """Empty histories of `n` people."""
    none = np.zeros(0, dtype=np.int64)
    return Histories(np.zeros(n + 1, dtype=np.int64), none.astype(np.int32), none.astype(np.float32), none)


def _fashion(world: World, config: PeopleConfig, rng: np.random.Generator) -> FloatArray:
    """(n_movies,) stars."""
    by_genre = world.directions @ rng.normal(scale=config.genre_fashion, size=world.n_genres)
    by_movie = rng.normal(scale=config.movie_fashion, size=len(world))
    return (by_genre + by_movie).astype(np.float32)
