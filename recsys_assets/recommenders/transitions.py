"""Counts of what is rated soon after what: a sparse matrix of movies by movies, built in blocks of users.

For positions p < q of one user's history, at most `window` apart, with hop = q - p and gap the seconds between them,

    w = decay^(hop - 1) / (1 + log(1 + gap / gap_scale))
    C[movie_p, movie_q] += w,    C[movie_q, movie_p] += backward * w

and where both were rated at the same moment, which has no order, each of the two gets half of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.progress import Progress
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

BLOCK_PAIRS = 1 << 23
"""Pairs of positions counted at once: about 300 MiB while they are."""

SORTED_VALUES = 1 << 22
"""Values of a matrix sorted at once."""


@dataclass(frozen=True)
class Weighing:
    """What a pair of positions counts for."""

    window: int
    decay: float
    backward: float
    gap_scale: float | None

    def of(self, hops: int, gaps: IntArray) -> FloatArray:
        """Forward weights (n,) of pairs `hops` apart in position and `gaps` seconds in time."""
        weights = np.full(len(gaps), self.decay ** (hops - 1), dtype=np.float32)
        if self.gap_scale is not None:
            weights /= 1 + np.log1p(gaps / self.gap_scale).astype(np.float32)
        return weights


def transition_counts(
    histories: Histories, n_movies: int, weighing: Weighing, progress: Progress, *, neighbours: int | None = None
) -> sparse.csr_matrix:
    """C (n_movies, n_movies) float32. The blocks' counts are added in pairs of like size, so none is copied often.

    Where a sum has more than twice `neighbours` values a movie, it goes on with the largest of each, to save memory.
    """
    sums: list[sparse.csr_matrix] = []
    blocks = _blocks(histories, max(1, BLOCK_PAIRS // weighing.window))
    for done, (start, stop) in enumerate(blocks, start=1):
        sums.append(_counts(histories, start, stop, n_movies, weighing))
        while len(sums) > 1 and (done == len(blocks) or sums[-2].nnz <= 2 * sums[-1].nnz):
            last = sums.pop()
            sums[-1] = sums[-1] + last
            if neighbours is not None and sums[-1].nnz > 2 * neighbours * n_movies:
                sums[-1] = keep_largest(sums[-1], neighbours)
        if len(blocks) > 1:
            progress(f"transitions: {stop:,} of {len(histories.movies):,} ratings")
    return sums[0] if sums else sparse.csr_matrix((n_movies, n_movies), dtype=np.float32)


def keep_largest(matrix: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """The `k` largest values of each row, of equals those of the first columns."""
    lengths = np.diff(matrix.indptr)
    if lengths.max(initial=0) <= k:
        return matrix
    matrix.sort_indices()
    kept = np.ones(matrix.nnz, dtype=bool)
    for rows in _row_blocks(np.flatnonzero(lengths > k), lengths):
        size = lengths[rows]
        ends = np.cumsum(size)
        place = np.arange(ends[-1]) - np.repeat(ends - size, size)
        position = np.repeat(matrix.indptr[rows].astype(np.int64), size) + place
        order = np.lexsort((-matrix.data[position], np.repeat(np.arange(len(rows)), size)))
        kept[position[order[place >= k]]] = False
    indptr = np.concatenate(([0], np.cumsum(np.minimum(lengths, k))))
    return sparse.csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _row_blocks(rows: IntArray, lengths: NDArray[np.integer]) -> list[IntArray]:
    """`rows` in blocks of about `SORTED_VALUES` values."""
    block = np.cumsum(lengths[rows].astype(np.int64)) // SORTED_VALUES
    return np.split(rows, np.flatnonzero(np.diff(block)) + 1)


def _blocks(histories: Histories, size: int) -> list[tuple[int, int]]:
    """Positions `start:stop` of whole users, about `size` at a time."""
    ends = histories.indptr[1:][histories.lengths > 0]
    last = np.flatnonzero(np.diff(ends // size, append=-1))
    stops = ends[last].tolist()
    return list(zip([0, *stops[:-1]], stops, strict=True))


def _counts(histories: Histories, start: int, stop: int, n_movies: int, weighing: Weighing) -> sparse.csr_matrix:
    rows = histories.rows[start:stop]
    movies, times = histories.movies[start:stop], histories.timestamps[start:stop]
    origins: list[NDArray[np.int32]] = []
    targets: list[NDArray[np.int32]] = []
    weights: list[FloatArray] = []
    for hops in range(1, min(weighing.window, len(rows) - 1) + 1):
        early = np.flatnonzero(rows[:-hops] == rows[hops:])
        gaps = times[early + hops] - times[early]
        forward = weighing.of(hops, gaps)
        unordered = forward * np.float32((1 + weighing.backward) / 2)
        origins += [movies[early], movies[early + hops]]
        targets += [movies[early + hops], movies[early]]
        weights += [
            np.where(gaps == 0, unordered, forward),
            np.where(gaps == 0, unordered, forward * np.float32(weighing.backward)),
        ]
    if not weights:
        return sparse.csr_matrix((n_movies, n_movies), dtype=np.float32)
    columns = np.concatenate(weights), (np.concatenate(origins), np.concatenate(targets))
    counts = sparse.coo_matrix(columns, shape=(n_movies, n_movies)).tocsr()
    counts.eliminate_zeros()
    return counts
