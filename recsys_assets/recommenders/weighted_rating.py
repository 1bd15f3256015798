"""IMDb's weighted rating: a mean that needs votes before it is believed.

    WR = v / (v + m) * R + m / (v + m) * C

with v and R a movie's number and mean of ratings, C the mean of all ratings, and m the v that a share
`percentile` of the rated movies does not reach (the formula IMDb published for its Top 250).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERCENTILE = 0.95


@dataclass(frozen=True)
class Prior:
    """What is believed of a movie before its votes: `votes` is m, `mean` is C (rating points)."""

    votes: float
    mean: float

    def weighted(self, votes: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
        """WR of movies with `votes` ratings that sum to `total`; C for those without."""
        return (total + self.votes * self.mean) / (votes + self.votes)


def prior_of(votes: NDArray[np.float64], total: NDArray[np.float64], *, percentile: float = PERCENTILE) -> Prior:
    """m and C of movies with `votes` ratings that sum to `total`; those without votes do not count."""
    rated = votes > 0
    if not rated.any():
        return Prior(1.0, 0.0)
    return Prior(max(1.0, float(np.quantile(votes[rated], percentile))), float(total.sum() / votes.sum()))


def count_votes(
    movies: NDArray[np.integer], ratings: NDArray[np.floating], *, n_movies: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Number and sum of ratings (n_movies,) of each movie, from columns of movie indices and ratings."""
    votes = np.bincount(movies, minlength=n_movies).astype(np.float64)
    total = np.bincount(movies, weights=ratings, minlength=n_movies).astype(np.float64)
    return votes, total
