"""What each movie of a history counts for, in models of who chose what.

    w_h = (1 + rating_weight * (r_h - mean_u)) * 0.5 ^ (age_h / half_life)

mean_u is the user's mean rating, shrunk towards 3; age_h the number of movies rated later than h. Movies rated at the
same moment are of the same age, so in data without times nothing fades.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

NEUTRAL, NEUTRAL_RATINGS = 3.0, 5.0
"""A user's mean is taken as if there were five more ratings of 3: with few ratings, liked is what is above 3."""


def history_weights(histories: Histories, *, half_life: float | None = None, rating_weight: float = 0.0) -> FloatArray:
    """w_h (m,) of every position of `histories`."""
    weights = np.ones(len(histories.movies), dtype=np.float32)
    if rating_weight:
        rows, n = histories.rows, histories.lengths
        total = np.bincount(rows, histories.ratings, len(n)) + NEUTRAL * NEUTRAL_RATINGS
        mean = total / (n + NEUTRAL_RATINGS)
        weights += (rating_weight * (histories.ratings - mean[rows])).astype(np.float32)
    if half_life is not None:
        weights *= (0.5 ** (ages(histories) / half_life)).astype(np.float32)
    return weights


def ages(histories: Histories) -> IntArray:
    """(m,) how many movies the same user rated at a later moment."""
    rows, times = histories.rows, histories.timestamps
    if len(rows) == 0:
        return np.zeros(0, dtype=np.int64)
    ends = np.flatnonzero(np.append((np.diff(rows) != 0) | (np.diff(times) != 0), True))
    last_of_moment = ends[np.searchsorted(ends, np.arange(len(rows)))]
    return histories.indptr[rows + 1] - 1 - last_of_moment


def weighted_matrix(
    histories: Histories, n_movies: int, *, half_life: float | None = None, rating_weight: float = 0.0
) -> sparse.csr_matrix:
    """w as a (rows, n_movies) float32 CSR matrix."""
    weights = history_weights(histories, half_life=half_life, rating_weight=rating_weight)
    return replace(histories, ratings=weights).matrix(n_movies)
