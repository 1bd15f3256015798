"""EASE on a matrix normalized by users and by movies, so that neither busy users nor hits decide everything.

With Z = D_u^-a X D_i^-b, D the numbers of ratings of users and of movies, and P = (Z'Z + lambda I)^-1,

    score(u, i) = n_u^-a sum_h n_h^-b W_hi n_i^c,    W_hi = -P_hi / P_ii^e, 0 on the diagonal

a = b = c = 0, e = 1 is EASE (Steck, WWW 2019); c = b undoes the movies' normalization, as Park et al. (SIGIR 2025)
have it. c < b favours movies fewer people know. e = 0 is EASE between users: with Q = (ZZ' + lambda I)^-1, Q Z = Z P,
so that what it gives a movie a user has not seen is -(z_u P)_i up to a factor of the user. e is free between the two.
"""

from __future__ import annotations

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat
from scipy import sparse

from recsys_assets.recommenders.closed_form import autoencoder
from recsys_assets.recommenders.data import IntArray, TrainingData
from recsys_assets.recommenders.item_to_item import ItemToItem, ItemToItemConfig, Weights


class NormEaseConfig(ItemToItemConfig):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small; the
    powers are those of the UltraGCN split."""

    regularization: PositiveFloat = 1.0
    """lambda."""
    user_power: NonNegativeFloat = 0.4
    """a: larger lets busy users count less."""
    movie_power: NonNegativeFloat = 0.3
    """b: larger lets much rated movies count less."""
    popularity_power: float = 0.1
    """c: larger recommends movies more people know."""
    diagonal_power: NonNegativeFloat = 0.7
    """e: 1 as between movies, 0 as between users."""


class NormEase(ItemToItem):
    """EASE with users and movies brought to one scale."""

    name = "norm_ease"
    Config = NormEaseConfig
    config: NormEaseConfig

    @property
    def user_exponent(self) -> float:
        return self.config.user_power

    def _learn(self, chosen: sparse.csr_matrix, counts: IntArray, data: TrainingData) -> Weights:
        config = self.config
        per_user = np.maximum(np.diff(chosen.indptr), 1) ** -config.user_power
        chosen.data *= np.repeat(per_user, np.diff(chosen.indptr)).astype(np.float32)
        chosen.data *= (counts**-config.movie_power).astype(np.float32)[chosen.indices]
        precision, diagonal = autoencoder(chosen, config.regularization, data.progress)
        weights = precision.T
        weights *= (-(diagonal**-config.diagonal_power) * counts**config.popularity_power).astype(np.float32)
        weights *= (counts**-config.movie_power).astype(np.float32)[:, None]
        np.fill_diagonal(weights, 0)
        return weights
