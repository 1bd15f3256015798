"""How alike movies are rated: correlations over the users who rated both, and each movie's strongest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

BLOCK_ELEMENTS = 1 << 24
"""Correlations held at once, movies x movies: 64 MiB of float32."""


def strongest_correlations(
    histories: Histories,
    values: NDArray[np.floating],
    n_movies: int,
    *,
    kept: int,
    co_raters: float,
    power: float,
    max_movies: int,
) -> sparse.csr_matrix:
    """(n_movies, n_movies) float32 of max(0, corr_ij * n_ij / (n_ij + co_raters))^power, 0 for a movie with itself.

    `values` (n_ratings,) are correlated, about 0, not their means. Only the `max_movies` most rated movies have any,
    and each at most its `kept` largest.
    """
    counted = np.bincount(histories.movies, minlength=n_movies)
    chosen = np.sort(np.argsort(-counted, kind="stable")[: min(max_movies, int((counted > 0).sum()))])
    shape = len(histories), n_movies
    left = sparse.csc_matrix(sparse.csr_matrix((values.astype(np.float32), histories.movies, histories.indptr), shape))
    left = left[:, chosen]
    sums = _Sums.of(left)
    rows, columns, strengths = [], [], []
    step = max(1, BLOCK_ELEMENTS // max(1, len(chosen)))
    for start in range(0, len(chosen), step):
        block = sums.strengths(np.arange(start, min(start + step, len(chosen))), co_raters=co_raters) ** power
        width = min(kept, block.shape[1])
        place = np.sort(np.argpartition(-block, width - 1, axis=1)[:, :width], axis=1)
        own = np.take_along_axis(block, place, axis=1)
        row, column = np.nonzero(own > 0)
        rows.append(chosen[start + row])
        columns.append(chosen[place[row, column]])
        strengths.append(own[row, column])
    joined = [np.concatenate(part) for part in (strengths, rows, columns)] if rows else [np.empty(0, np.float32)] * 3
    return sparse.csr_matrix((joined[0], (joined[1], joined[2])), shape=(n_movies, n_movies), dtype=np.float32)


@dataclass(frozen=True)
class _Sums:
    """Values, squares and ones as (users, movies) matrices."""

    values: sparse.csc_matrix
    squares: sparse.csc_matrix
    ones: sparse.csc_matrix

    @classmethod
    def of(cls, values: sparse.csc_matrix) -> _Sums:
        squares, ones = values.copy(), values.copy()
        squares.data = squares.data**2
        ones.data = np.ones_like(ones.data)
        return cls(values, squares, ones)

    def strengths(self, movies: IntArray, *, co_raters: float) -> FloatArray:
        """max(0, correlation * n / (n + co_raters)) (b, m) of `movies` with all, 0 with themselves."""
        products = _dense(self.values[:, movies].T @ self.values)
        own = _dense(self.squares[:, movies].T @ self.ones)
        others = _dense(self.ones[:, movies].T @ self.squares)
        both = _dense(self.ones[:, movies].T @ self.ones)
        found = products / np.sqrt(np.maximum(own * others, 1e-12)) * (both / np.maximum(both + co_raters, 1e-9))
        found[np.arange(len(movies)), movies] = 0
        return np.maximum(found, 0)


def _dense(matrix: sparse.spmatrix) -> FloatArray:
    dense: FloatArray = matrix.toarray()
    return dense
