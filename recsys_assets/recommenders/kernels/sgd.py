"""Stochastic gradient descent on ratings grouped by user: one pass over one array, whatever its size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True)
def shuffle_within_users(
    indptr: NDArray[np.int64], movies: NDArray[np.int32], ratings: NDArray[np.float32], seed: np.uint64
) -> None:
    """Put each user's ratings in a random order, in place (Fisher-Yates; SplitMix64 started at seed and user)."""
    for u in range(len(indptr) - 1):
        start = indptr[u]
        state = seed + np.uint64(u) * np.uint64(0xD1342543DE82EF95)
        for k in range(indptr[u + 1] - start - 1, 0, -1):
            state += np.uint64(0x9E3779B97F4A7C15)
            z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            j = start + np.int64((z ^ (z >> np.uint64(31))) % np.uint64(k + 1))
            movies[start + k], movies[j] = movies[j], movies[start + k]
            ratings[start + k], ratings[j] = ratings[j], ratings[start + k]


@njit(fastmath=True, nogil=True)
def biased_epoch(
    indptr: NDArray[np.int64],
    movies: NDArray[np.int32],
    ratings: NDArray[np.float32],
    mean: np.float32,
    user_bias: NDArray[np.float32],
    movie_bias: NDArray[np.float32],
    user_factors: NDArray[np.float32],
    movie_factors: NDArray[np.float32],
    step: np.float32,
    reg: np.float32,
) -> float:
    """One step down the gradient for every rating, in order; parameters change in place. The sum of squared errors.

    A step is x += step * (e * dr/dx - reg * x) with e = rating - r, both factors from before the step.
    """
    width = user_factors.shape[1]
    keep = np.float32(1) - step * reg
    total = 0.0
    for u in range(len(indptr) - 1):
        p = user_factors[u]
        b = user_bias[u]
        for at in range(indptr[u], indptr[u + 1]):
            i = movies[at]
            q = movie_factors[i]
            dot = np.float32(0)
            for f in range(width):
                dot += p[f] * q[f]
            error = ratings[at] - (mean + b + movie_bias[i] + dot)
            total += error * error
            pull = step * error
            b = keep * b + pull
            movie_bias[i] = keep * movie_bias[i] + pull
            for f in range(width):
                pf = p[f]
                qf = q[f]
                p[f] = keep * pf + pull * qf
                q[f] = keep * qf + pull * pf
        user_bias[u] = b
    return total


def random_start(rng: np.random.Generator, n: int, width: int, *, scale: float) -> NDArray[Any]:
    """(n, width) float32, normal with deviation `scale`: where the descent starts."""
    start = rng.standard_normal((n, width), dtype=np.float32)
    start *= np.float32(scale)
    return start
