"""Vectors to start from: movies that stand near one another in histories begin near one another.

Factors of the shifted positive pointwise mutual information of two movies being at most `REACH` events apart, which is
what word2vec approaches by training (Levy and Goldberg, NeurIPS 2014).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.data import FloatArray

REACH = 10


def cooccurrence_vectors(sequences: Sequences, *, n_items: int, dim: int, spread: float, seed: int) -> FloatArray:
    """(n_items, dim) of standard deviation `spread`; zeros for movies without company, and beyond the rank."""
    vectors = np.zeros((n_items, dim), dtype=np.float32)
    pmi = positive_pmi(sequences, n_items)
    rank = min(dim, n_items - 1)
    if pmi.nnz == 0 or rank < 1:
        return vectors
    from sklearn.utils.extmath import randomized_svd

    left, values, _ = randomized_svd(pmi, rank, random_state=seed, n_iter=4)
    vectors[:, :rank] = left * np.sqrt(values)
    return vectors * np.float32(spread / max(float(vectors.std()), 1e-9))


def positive_pmi(sequences: Sequences, n_items: int) -> sparse.csr_matrix:
    """max(0, log(n_ij n / (n_i n_j))) of the pairs of movies within `REACH` events of one user."""
    rows, items = sequences.rows, sequences.items
    counts = sparse.csr_matrix((n_items, n_items), dtype=np.float32)
    for apart in range(1, min(REACH, len(items) - 1) + 1):
        near = np.flatnonzero(rows[apart:] == rows[:-apart])
        ones = np.full(len(near), 1 / apart, dtype=np.float32)
        counts += sparse.csr_matrix((ones, (items[near], items[near + apart])), shape=counts.shape)
    counts = sparse.coo_matrix(counts + counts.T)
    total = np.asarray(counts.sum(axis=1)).ravel()
    expected = total[counts.row] * total[counts.col] / max(float(total.sum()), 1e-9)
    pmi = np.maximum(np.log(np.maximum(counts.data, 1e-9) / np.maximum(expected, 1e-9)), 0)
    found = sparse.csr_matrix((pmi.astype(np.float32), (counts.row, counts.col)), shape=counts.shape)
    found.eliminate_zeros()
    return found
