"""The k largest of each row of scores, and the masking of what a user has seen."""

from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


def top_k(scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Columns and values (n, k) of the largest scores, best first, equal ones by column; -1 where not finite.

    Ties are broken by column at the edge too, so the first j of k are the list of length j.
    """
    n, m = scores.shape
    kept = min(k, m)
    index = np.full((n, k), -1, dtype=np.int64)
    values = np.full((n, k), -np.inf, dtype=np.float32)
    if kept == 0 or n == 0:
        return index, values
    part = _largest(scores, kept)
    part_scores = np.take_along_axis(scores, part, axis=1)
    order = np.argsort(-part_scores, axis=1, kind="stable")
    values[:, :kept] = np.take_along_axis(part_scores, order, axis=1)
    index[:, :kept] = np.take_along_axis(part, order, axis=1)
    index[~np.isfinite(values)] = -1
    values[index < 0] = -np.inf
    return index, values


def hide(scores: FloatArray, seen: Histories) -> None:
    """Set the scores of each row's seen movies to -inf, in place."""
    scores[seen.rows, seen.movies] = -np.inf


def _largest(scores: FloatArray, kept: int) -> IntArray:
    """Columns (n, kept) of the largest scores of each row, ascending by column."""
    n, m = scores.shape
    if kept == m:
        return np.tile(np.arange(m), (n, 1))
    part = np.argpartition(scores, m - kept, axis=1)[:, m - kept :]
    edge = np.take_along_axis(scores, part[:, :1], axis=1)
    torn = np.flatnonzero((scores >= edge).sum(axis=1) > kept)
    if len(torn):
        part[torn] = np.argsort(-scores[torn], axis=1, kind="stable")[:, :kept]
    part.sort(axis=1)
    return part
