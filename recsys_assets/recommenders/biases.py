"""The baseline of a rating: r(u, i) = mu + b_u + b_i, each bias drawn to 0 by `damping` imagined ratings at it.

    b_i = sum over raters of (r - mu - b_u) / (n_i + damping),    b_u = sum of (r - mu - b_i) / (n_u + damping),

in turn until they agree (Koren, TKDD 2010, section 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.accounts import Summand
from recsys_assets.recommenders.data import Histories, IntArray

ROUNDS = 10


@dataclass(frozen=True)
class Biases:
    """`mean` and the movies' `bias` (n_movies,) in rating points; a user's follows from their ratings."""

    mean: float
    movies: NDArray[np.float64]
    damping: float

    @classmethod
    def of(cls, histories: Histories, n_movies: int, *, damping: float) -> Self:
        rows, ratings = histories.rows, histories.ratings.astype(np.float64)
        mean = float(ratings.mean())
        count, found = np.bincount(histories.movies, minlength=n_movies), cls(mean, np.zeros(n_movies), damping)
        for _ in range(ROUNDS):
            left = ratings - mean - found.of_users(histories)[rows]
            total = np.bincount(histories.movies, left, minlength=n_movies)
            found = cls(mean, total / (count + damping + 1e-9), damping)
        return found

    def of_users(self, histories: Histories) -> NDArray[np.float64]:
        """(b,), 0 where there is no rating."""
        left = histories.ratings - self.mean - self.movies[histories.movies]
        total = np.bincount(histories.rows, left, minlength=len(histories))
        return total / (histories.lengths + self.damping + 1e-9)

    def residuals(self, histories: Histories) -> NDArray[np.float64]:
        """What the baseline leaves of each rating of `histories`."""
        return histories.ratings - self.mean - self.movies[histories.movies] - self.of_users(histories)[histories.rows]

    def summands(self, history: Histories, movies: IntArray) -> tuple[Summand, ...]:
        """What the baseline of `movies` (c,) for one history is made of."""
        every = np.ones(len(movies))
        return (
            Summand("bias", "mean of all ratings", self.mean * every),
            Summand("bias", "how this user rates", float(self.of_users(history)[0]) * every),
            Summand("bias", "how this movie is rated", self.movies[movies].astype(np.float64)),
        )
