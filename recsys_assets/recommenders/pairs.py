"""Products of rows of two matrices, pair by pair, without a copy of all rows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.recommenders.data import FloatArray, IntArray

PAIR_BLOCK = 1 << 16
"""Pairs at once."""


def paired_dots(
    left: NDArray[Any], right: NDArray[Any], rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> NDArray[Any]:
    """left[rows[k]] . right[columns[k]] for every k (n,)."""
    found = np.empty(len(rows), dtype=np.result_type(left, right))
    for start in range(0, len(rows), PAIR_BLOCK):
        block = slice(start, start + PAIR_BLOCK)
        found[block] = np.einsum("nf,nf->n", left[rows[block]], right[columns[block]])
    return found


def between(weights: FloatArray | sparse.csr_matrix, rows: IntArray, columns: IntArray) -> FloatArray:
    """(columns, rows) of few `columns` of a dense or sparse matrix."""
    if isinstance(weights, np.ndarray):
        return np.asarray(weights[rows[None, :], columns[:, None]])
    place = np.full(weights.shape[1], -1)
    place[columns] = np.arange(len(columns))
    starts, lengths = weights.indptr[rows], np.diff(weights.indptr)[rows]
    ends = np.cumsum(lengths)
    entries = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
    to = place[weights.indices[entries]]
    hit = np.flatnonzero(to >= 0)
    found = np.zeros((len(columns), len(rows)), dtype=weights.dtype)
    found[to[hit], np.repeat(np.arange(len(rows)), lengths)[hit]] = weights.data[entries[hit]]
    return found
