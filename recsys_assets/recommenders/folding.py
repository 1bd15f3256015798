"""Fold-in: what is learned of users from their ratings, with all that is known of the movies fixed.

A user's x minimizes the squared error of base_i + a_i . x over their n ratings plus penalty * |x|^2:

    (A'A + penalty * I) x = A' (r - base_i),    A = the rows a_i of the movies rated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import Histories, IntArray

BLOCK_ELEMENTS = 1 << 23
"""Numbers held at once in a padded block of users x ratings x columns: 64 MB."""


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
    """Bias and factors of all `histories` by the objective of biased factorizations: x = (b, p), a_i = (1, q_i).

    The penalty is regularization * n. `offsets` (b, f) are known of the factors before p is added: only p is held
    small, and what is returned includes them. A user without ratings gets zeros, and the offsets.
    """
    design = np.concatenate([np.ones((len(factors), 1)), factors], axis=1)
    before = None if offsets is None else np.concatenate([np.zeros((len(offsets), 1)), offsets], axis=1)
    x = ridge(histories, base=base, design=design, penalty=regularization * histories.lengths, before=before)
    return Tastes(x[:, 0], x[:, 1:])


def ridge(
    histories: Histories,
    *,
    base: NDArray[np.floating],
    design: NDArray[np.floating],
    penalty: NDArray[np.floating],
    before: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """x (b, w) of all `histories`. `base` (n_movies,), `design` (n_movies, w) the a_i, `penalty` (b,).

    `before` (b, w): where x is drawn to instead of to zero.
    """
    x = np.zeros((len(histories), design.shape[1])) if before is None else before.astype(np.float64)
    for block in _blocks(histories.lengths, design.shape[1]):
        x[block] += _solve(histories.take(block), base, design, penalty[block], x[block])
    return x


def _solve(
    histories: Histories,
    base: NDArray[np.floating],
    design: NDArray[np.floating],
    penalty: NDArray[np.floating],
    before: NDArray[np.float64],
) -> NDArray[np.float64]:
    n, rows, movies = histories.lengths, histories.rows, histories.movies
    place = np.arange(len(rows)) - histories.indptr[rows]
    a = np.zeros((len(n), n.max(), design.shape[1]))
    a[rows, place] = design[movies]
    residual = np.zeros((len(n), n.max(), 1))
    residual[rows, place, 0] = histories.ratings - base[movies]
    residual -= a @ before[:, :, None]
    a_t = a.transpose(0, 2, 1)
    gram = a_t @ a + (penalty + 1e-9)[:, None, None] * np.eye(a.shape[2])
    found: NDArray[np.float64] = np.linalg.solve(gram, a_t @ residual)[:, :, 0]
    return found


def _blocks(lengths: IntArray, width: int) -> Iterator[IntArray]:
    """Users with ratings, in blocks of similar length, so that little is padded and no block is large."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        stop = start + max(1, BLOCK_ELEMENTS // (width * (int(lengths[order[start]]) + width)))
        while stop > start + 1 and _elements(lengths[order[start:stop]], width) > BLOCK_ELEMENTS:
            stop = start + (stop - start) // 2
        yield order[start:stop]
        start = stop


def _elements(lengths: IntArray, width: int) -> int:
    return len(lengths) * width * (int(lengths.max()) + width)
