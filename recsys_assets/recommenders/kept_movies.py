"""The cap of models whose cost grows with the square of the movies: they rank the most rated ones, the rest follow."""

from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


def rating_counts(histories: Histories, n_movies: int) -> IntArray:
    """How many of `histories` hold each movie (n_movies,)."""
    return np.bincount(histories.movies, minlength=n_movies)


def most_rated(counts: IntArray, max_movies: int) -> IntArray:
    """Indices, ascending, of the `max_movies` most rated movies, of equals the first; of those rated at all."""
    order = np.argsort(-counts, kind="stable")[:max_movies]
    return np.sort(order[counts[order] > 0])


def with_the_rest(scores: FloatArray, kept: IntArray, fallback: FloatArray) -> FloatArray:
    """Scores (n, n_movies) from those of the `kept` movies (n, m): the others stand below them, by `fallback`.

    They lie within one standard deviation below the least, so that they say nothing about the scale of a row.
    """
    full = np.empty((len(scores), len(fallback)), dtype=np.float32)
    full[:, kept] = scores
    others = np.ones(len(fallback), dtype=bool)
    others[kept] = False
    rest = np.flatnonzero(others)
    if len(rest):
        order = (fallback[rest].max() - fallback[rest]) / max(float(np.ptp(fallback[rest])), 1e-9)
        spread = np.maximum(scores.std(axis=1, keepdims=True), 1e-3)
        full[:, rest] = scores.min(axis=1, keepdims=True) - spread * (0.01 + 0.99 * order)
    return full
