"""Fold-in: the bias and factors of users from their ratings, with all that is known of the movies fixed.

(b, p) minimizes the squared error of base_i + b + p . q_i plus reg * n * (b^2 + |p|^2) over a user's n ratings:

    (A'A + reg * n * I) x = A' (r - base_i),    A = [1, q_i].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import Histories, IntArray

BLOCK_ELEMENTS = 1 << 23
"""Numbers held at once in a padded block of users x ratings x factors: 64 MB."""


class Tastes(NamedTuple):
    """Of b users: `bias` (b,) in rating points and `factors` (b, f)."""

    bias: NDArray[Any]
    factors: NDArray[Any]


def fold_in(
    histories: Histories,
    *,
    base: NDArray[np.floating],
    factors: NDArray[np.floating],
    regularization: float,
    offsets: NDArray[np.floating] | None = None,
) -> Tastes:
    """The tastes of all `histories`, float64; a user without ratings gets zeros.

    `base` (n_movies,) is predicted before bias and taste, `factors` (n_movies, f) are the movies'. `offsets` (b, f):
    what the factors are of each user before p is added; only p is held small, and what is returned includes them.
    """
    width = factors.shape[1] + 1
    solution = np.zeros((len(histories), width))
    for block in _blocks(histories.lengths, width):
        known = None if offsets is None else offsets[block]
        solution[block] = _solve(histories.take(block), base, factors, regularization, known)
    if offsets is not None:
        solution[:, 1:] += offsets
    return Tastes(solution[:, 0], solution[:, 1:])


def _solve(
    histories: Histories,
    base: NDArray[np.floating],
    factors: NDArray[np.floating],
    regularization: float,
    offsets: NDArray[np.floating] | None,
) -> NDArray[np.float64]:
    n, rows, movies = histories.lengths, histories.rows, histories.movies
    place = np.arange(len(rows)) - histories.indptr[rows]
    a = np.zeros((len(n), n.max(), factors.shape[1] + 1))
    a[rows, place, 0] = 1
    a[rows, place, 1:] = factors[movies]
    residual = np.zeros((len(n), n.max(), 1))
    residual[rows, place, 0] = histories.ratings - base[movies]
    if offsets is not None:
        residual -= a[:, :, 1:] @ offsets[:, :, None]
    ridge = (regularization * n + 1e-9)[:, None, None] * np.eye(a.shape[2])
    a_t = a.transpose(0, 2, 1)
    found: NDArray[np.float64] = np.linalg.solve(a_t @ a + ridge, a_t @ residual)[:, :, 0]
    return found


def _blocks(lengths: IntArray, width: int) -> Iterator[IntArray]:
    """Users with ratings, in blocks of similar length, so that little is padded and no block is large."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        at_most = max(1, BLOCK_ELEMENTS // (width * (int(lengths[order[start]]) + width)))
        stop = start + at_most
        while stop > start + 1 and _elements(lengths[order[start:stop]], width) > BLOCK_ELEMENTS:
            stop = start + (stop - start + 1) // 2
        yield order[start:stop]
        start = stop


def _elements(lengths: IntArray, width: int) -> int:
    return len(lengths) * width * (int(lengths.max()) + width)
