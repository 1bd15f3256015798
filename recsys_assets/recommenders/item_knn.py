"""Item k-nearest neighbours: movies rated by the same people (Sarwar et al., WWW 2001).

    s_ij = c_ij / (sqrt(n_i n_j) + shrinkage)

with c_ij the number of people who rated both i and j. Of each movie i the k largest s_hi are kept, and

    score(u, i) = sum_h w_uh s_hi + prior * n_i / max n

whose second part, small, orders what no neighbour of the history reaches.
"""

from __future__ import annotations

import time

import numpy as np
from pydantic import NonNegativeFloat, PositiveInt
from scipy import sparse

from recsys_assets.recommenders.data import IntArray, TrainingData
from recsys_assets.recommenders.item_to_item import ItemToItem, ItemToItemConfig, Weights

BLOCK_ELEMENTS = 1 << 24
"""Similarities of a block of movies to all, 64 MiB."""


class ItemKnnConfig(ItemToItemConfig):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small."""

    neighbours: PositiveInt = 200
    """k."""
    shrinkage: NonNegativeFloat = 10.0
    """Trusts pairs less that few people rated."""
    prior: NonNegativeFloat = 0.001
    """Score of the most rated movie for being known."""
    max_movies: PositiveInt = 100_000
    """The most rated movies are ranked; the others, and those nobody rated, come last by weighted rating."""


class ItemKnn(ItemToItem):
    """Movies that people with the same movies rated."""

    name = "item_knn"
    Config = ItemKnnConfig
    config: ItemKnnConfig

    def _learn(self, chosen: sparse.csr_matrix, counts: IntArray, data: TrainingData) -> Weights:
        self.prior = (self.config.prior * counts / counts.max()).astype(np.float32)
        n, root = chosen.shape[1], np.sqrt(counts).astype(np.float32)
        by_movie = chosen.T.tocsr()
        step, told = max(1, BLOCK_ELEMENTS // n), time.monotonic()
        nearest: list[sparse.csr_matrix] = []
        for start in range(0, n, step):
            both = (by_movie[start : start + step] @ chosen).toarray()
            both /= root[start : start + step, None] * root + np.float32(self.config.shrinkage)
            np.fill_diagonal(both[:, start:], 0)
            nearest.append(_largest(both, self.config.neighbours))
            if time.monotonic() - told > 2:
                told = time.monotonic()
                data.progress(f"item_knn: neighbours of {start + len(both):,} of {n:,} movies")
        return sparse.vstack(nearest).T.tocsr()


def _largest(similar: np.ndarray, k: int) -> sparse.csr_matrix:
    """The k largest positive values of each row."""
    if k < similar.shape[1]:
        edge = np.partition(similar, similar.shape[1] - k, axis=1)[:, -k, None]
        similar = np.where(similar >= edge, similar, 0)
    return sparse.csr_matrix(similar)
