"""SVD++: matrix factorization that also learns from which movies a user rated, trained by scikit-surprise.

    r(u, i) = mu + b_u + b_i + q_i . (p_u + |N(u)|^-1/2 * sum over j in N(u) of y_j)

with N(u) the movies u rated, minimizing the squared error plus reg times the squares of all parameters, per rating
(Koren, KDD 2008). Surprise updates every y_j of a user at every rating of theirs, so its cost grows with the square
of a user's ratings: above `max_ratings` it is trained on a random sample of users, and the others, as newcomers, are
folded in, p as the ridge solution beside the y of their movies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.recommenders.biased_factors import BiasedFactors
from recsys_assets.recommenders.data import Histories, TrainingData
from recsys_assets.recommenders.surprise_data import SurpriseRatings
from recsys_assets.recommenders.user_sample import sample_users


class SvdppConfig(BaseModel, extra="forbid"):
    """Defaults are the best of three settings on a tenth of the training part of fold 0 of ml-100k.

    Surprise's own are 20 epochs and a regularization of 0.02.
    """

    factors: PositiveInt = 20
    """Length of p, q and y."""
    epochs: PositiveInt = 30
    """Passes over the ratings."""
    learning_rate: PositiveFloat = 0.007
    """Step of the gradient descent."""
    regularization: NonNegativeFloat = 0.06
    """`reg` above, of biases and factors alike."""
    max_ratings: PositiveInt = 250_000
    """Ratings of the sampled users that are trained on; about a minute."""


class Svdpp(BiasedFactors):
    """Predicts ratings from learned tastes and from what was watched at all, and ranks by them."""

    name = "svdpp"
    Config = SvdppConfig
    config: SvdppConfig
    implicit_factors: NDArray[Any]
    """y (n_movies, f)."""

    def _fit(self, data: TrainingData) -> None:
        from surprise import SVDpp

        sample = sample_users(data.histories, max_ratings=self.config.max_ratings, seed=data.seed)
        ratings = SurpriseRatings(replace(data, histories=sample), model=self.name, epochs=self.config.epochs)
        algorithm = SVDpp(
            n_factors=self.config.factors,
            n_epochs=self.config.epochs,
            lr_all=self.config.learning_rate,
            reg_all=self.config.regularization,
            random_state=data.seed,
            cache_ratings=True,
        )
        algorithm.fit(ratings)
        self.mean = ratings.global_mean
        self.user_bias, self.movie_bias = algorithm.bu, algorithm.bi
        self.movie_factors, self.implicit_factors = algorithm.qi, algorithm.yj
        self.user_factors = algorithm.pu + self._implicit(data.histories)
        self._forget_unrated(sample)
        left_out = np.flatnonzero((sample.lengths == 0) & (data.histories.lengths > 0))
        self.user_bias[left_out], self.user_factors[left_out] = self._fold_in(data.histories.take(left_out))

    def _forget_unrated(self, histories: Histories) -> None:
        super()._forget_unrated(histories)
        self.implicit_factors[np.bincount(histories.movies, minlength=len(self.implicit_factors)) == 0] = 0

    def _implicit(self, histories: Histories) -> NDArray[np.float64]:
        """|N|^-1/2 * sum of y_j (b, f)."""
        watched = histories.matrix(len(self.implicit_factors))
        watched.data[:] = 1
        total: NDArray[np.float64] = watched @ self.implicit_factors
        return total / np.sqrt(np.maximum(histories.lengths, 1))[:, None]

    def _state(self) -> dict[str, NDArray[Any]]:
        return super()._state() | {"implicit_factors": self.implicit_factors}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        super()._restore(state)
        self.implicit_factors = state["implicit_factors"]
