"""What an agent sees of a session, as one row of float32: named columns of fixed places.

Everything in it is known to a service that recommends: who asks, what it showed them before and what they did with it,
and what it believes of their taste from that and from their known ratings. Nothing of the simulator's is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.actions import NOT_SHOWN
from recsys_assets.recommenders.data import FloatArray, IntArray


@dataclass(frozen=True)
class ObservationLayout:
    """Places of the columns of an observation (b, `width`).

    `features` columns of numbers come first (all that a network needs), then those that name things.
    """

    taste: int
    """Width of the belief about a user's taste: bias and factors."""
    genres: int
    """Genres of the catalogue."""
    horizon: int
    """Steps of the longest session."""

    @property
    def taste_mean(self) -> slice:
        """Posterior mean of bias and factors, rating points."""
        return slice(0, self.taste)

    @property
    def taste_deviation(self) -> slice:
        """Posterior standard deviation of each, rating points."""
        return slice(self.taste, 2 * self.taste)

    @property
    def genre_mix(self) -> slice:
        """Recent exposure to each genre, 0-1, as the environment's boredom counts it; zeros at the start."""
        return slice(2 * self.taste, 2 * self.taste + self.genres)

    @property
    def last_reward(self) -> int:
        return 2 * self.taste + self.genres

    @property
    def mean_reward(self) -> int:
        """Of the session so far; 0 at the start."""
        return 2 * self.taste + self.genres + 1

    @property
    def progress(self) -> int:
        """Steps done / horizon."""
        return 2 * self.taste + self.genres + 2

    @property
    def log_known(self) -> int:
        """log(1 + known ratings) / 10."""
        return 2 * self.taste + self.genres + 3

    @property
    def features(self) -> slice:
        """All columns above, in this order."""
        return slice(0, 2 * self.taste + self.genres + 4)

    @property
    def user(self) -> int:
        """Row of the user in the environment's `known` histories, -1 for nobody's."""
        return self.features.stop

    @property
    def shown(self) -> slice:
        """Movie indices shown so far in order, then -1."""
        return slice(self.user + 1, self.user + 1 + self.horizon)

    @property
    def acts(self) -> slice:
        """What was done with each of them (`Act`), then -1."""
        return slice(self.shown.stop, self.shown.stop + self.horizon)

    @property
    def width(self) -> int:
        return self.acts.stop

    def shown_of(self, observations: FloatArray) -> IntArray:
        """(b, horizon) int64."""
        return observations[:, self.shown].astype(np.int64)

    def acts_of(self, observations: FloatArray) -> IntArray:
        """(b, horizon) int64."""
        return observations[:, self.acts].astype(np.int64)

    def users_of(self, observations: FloatArray) -> IntArray:
        """(b,) int64."""
        return observations[:, self.user].astype(np.int64)

    def beginning(self, mean: FloatArray, deviation: FloatArray, known: IntArray) -> FloatArray:
        """Observations (n, width) of people in no session yet, of whom `known` (n,) ratings are known and this is
        believed: `mean`, `deviation` (n, taste)."""
        rows = self.empty(len(mean))
        rows[:, self.taste_mean], rows[:, self.taste_deviation] = mean, deviation
        rows[:, self.log_known] = np.log1p(known) / 10
        return rows

    def empty(self, n: int) -> FloatArray:
        """Observations (n, width) of sessions of nobody's that have not begun."""
        rows = np.zeros((n, self.width), dtype=np.float32)
        rows[:, self.user] = -1
        rows[:, self.shown] = rows[:, self.acts] = NOT_SHOWN
        return rows
