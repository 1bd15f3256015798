"""EASE^R: a linear item-item autoencoder in closed form (Steck, WWW 2019).

With X the users x movies matrix of who chose what and P = (X'X + lambda I)^-1,

    W = I - P / diag(P), whose diagonal is 0;    score(u, .) = x_u W

Weights may be negative: liking one movie can speak against another. Cost: one inverse of movies x movies.
"""

from __future__ import annotations

import numpy as np
from pydantic import PositiveFloat
from scipy import sparse

from recsys_assets.recommenders.closed_form import autoencoder
from recsys_assets.recommenders.data import IntArray, TrainingData
from recsys_assets.recommenders.item_to_item import ItemToItem, ItemToItemConfig, Weights


class EaseConfig(ItemToItemConfig):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small."""

    regularization: PositiveFloat = 500.0
    """lambda: added to the Gram diagonal. Larger: more popular movies."""
    half_life: PositiveFloat | None = 10.0
    """Later movies of the same user after which one counts half; none where taste is taken as constant."""


class Ease(ItemToItem):
    """Closed-form weights between all pairs of movies."""

    name = "ease"
    Config = EaseConfig
    config: EaseConfig

    def _learn(self, chosen: sparse.csr_matrix, counts: IntArray, data: TrainingData) -> Weights:
        precision, diagonal = autoencoder(chosen, self.config.regularization, data.progress)
        weights = precision.T
        weights *= -1 / diagonal
        np.fill_diagonal(weights, 0)
        return weights
