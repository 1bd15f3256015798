"""Weighted ridge regressions of many rows at once: the half-step of alternating least squares.

For each row r with positions p (a movie, its weight w_p >= 0 and target t_p) and factors y of the other side,

    A_r x_r = b_r,    A_r = base + ridge_r I + sum_p w_p y_p y_p',    b_r = sum_p t_p y_p

Rows are sorted by length and padded in batches, so that the sums are batched matrix products. Nearly all time is
theirs and the solutions'; `steps` of conjugate gradients from the last solution instead of an exact one make the
latter cheap (Takács, Pilászy and Tikk, RecSys 2011).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_assets.recommenders.data import FloatArray, IntArray

BATCH_ELEMENTS = 1 << 21
"""Values of a batch's padded factors or of its matrices A, 8 MiB: they stay in the cache."""
LEAST_WEIGHT = 1e-6


@dataclass(frozen=True)
class Rows:
    """What the rows of a side chose of the other: `chosen` holds w, `targets` t in the same places."""

    chosen: sparse.csr_matrix
    targets: FloatArray

    @property
    def lengths(self) -> IntArray:
        return np.diff(self.chosen.indptr).astype(np.int64)

    def transposed(self) -> Rows:
        """The same from the other side."""
        m = self.chosen
        places = sparse.csr_matrix((np.arange(m.nnz, dtype=np.int64), m.indices, m.indptr), shape=m.shape).T.tocsr()
        turned = sparse.csr_matrix((m.data[places.data], places.indices, places.indptr), shape=places.shape)
        return Rows(turned, self.targets[places.data])


def solve_rows(
    rows: Rows, factors: FloatArray, base: FloatArray, ridge: FloatArray, *, start: FloatArray | None = None, steps: int
) -> FloatArray:
    """x (n, f): exact where `steps` is 0, else that many steps of conjugate gradients from `start` (n, f)."""
    solved = np.zeros((len(ridge), factors.shape[1]), dtype=np.float32)
    padded = np.vstack([factors, np.zeros((1, factors.shape[1]), dtype=np.float32)])
    for batch in _batches(rows.lengths, factors.shape[1]):
        a, b = normal_equations(rows, batch, padded)
        a += base
        diagonal = np.arange(a.shape[1])
        a[:, diagonal, diagonal] += ridge[batch, None]
        if steps and start is not None:
            solved[batch] = _conjugate_gradients(a, b, start[batch], steps)
        else:
            solved[batch] = np.linalg.solve(a, b[:, :, None])[:, :, 0]
    return solved


def normal_equations(rows: Rows, batch: IntArray, padded: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The sums in A (b, f, f) and b (b, f) of a batch of rows; the last of `padded` is 0."""
    lengths = rows.lengths[batch]
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = np.repeat(rows.chosen.indptr[batch].astype(np.int64), lengths) + place
    row = np.repeat(np.arange(len(batch)), lengths)
    shape = (len(batch), max(int(lengths.max(initial=0)), 1))
    index = np.full(shape, len(padded) - 1, dtype=np.int64)
    index[row, place] = rows.chosen.indices[source]
    y = np.take(padded, index, axis=0)
    roots = np.sqrt(np.maximum(rows.chosen.data[source], LEAST_WEIGHT))
    targets = np.zeros(shape, dtype=np.float32)
    targets[row, place] = rows.targets[source] / roots
    if (roots != 1).any():
        scale = np.zeros(shape, dtype=np.float32)
        scale[row, place] = roots
        y *= scale[:, :, None]
    y_t = y.transpose(0, 2, 1)
    return y_t @ y, (y_t @ targets[:, :, None])[:, :, 0]


def _batches(lengths: IntArray, f: int) -> Iterator[IntArray]:
    """Rows in order of length, so many at a time that neither padded factors nor matrices are more than a batch."""
    order = np.argsort(lengths, kind="stable")
    cost = np.cumsum(np.maximum(lengths[order], f) * f)
    cuts = np.flatnonzero(np.diff(cost // BATCH_ELEMENTS)) + 1
    yield from (batch for batch in np.split(order, cuts) if len(batch))


def _conjugate_gradients(a: FloatArray, b: FloatArray, x: FloatArray, steps: int) -> FloatArray:
    """`steps` of the method for a batch of systems (b, f, f), preconditioned by the diagonal."""
    inverse = 1 / np.einsum("bff->bf", a)
    x = x.copy()
    residual = b - (a @ x[:, :, None])[:, :, 0]
    direction = inverse * residual
    size = np.einsum("bf,bf->b", residual, direction)
    for _ in range(steps):
        image = (a @ direction[:, :, None])[:, :, 0]
        step = size / np.maximum(np.einsum("bf,bf->b", direction, image), 1e-20)
        x += step[:, None] * direction
        residual -= step[:, None] * image
        scaled = inverse * residual
        last, size = size, np.einsum("bf,bf->b", residual, scaled)
        direction = scaled + (size / np.maximum(last, 1e-20))[:, None] * direction
    return x
