"""IMDb's weighted rating: a mean that needs votes before it is believed.

    WR = v / (v + m) * R + m / (v + m) * C

with v and R a movie's number and mean of ratings, C the mean of all ratings, and m the v that a share
`percentile` of the rated movies does not reach (the formula IMDb published for its Top 250).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_rating(
    movies: NDArray[np.integer], ratings: NDArray[np.floating], *, n_movies: int, percentile: float = 0.95
) -> NDArray[np.float64]:
    """WR (n_movies,) in rating points from columns of movie indices and ratings; C for movies without ratings."""
    votes = np.bincount(movies, minlength=n_movies).astype(np.float64)
    total = np.bincount(movies, weights=ratings, minlength=n_movies)
    rated = votes > 0
    if not rated.any():
        return np.zeros(n_movies)
    overall = total.sum() / votes.sum()
    m = max(1.0, float(np.quantile(votes[rated], percentile)))
    return (total + m * overall) / (votes + m)
