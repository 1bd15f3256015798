"""SVD: biased matrix factorization by stochastic gradient descent, trained by scikit-surprise.

    r(u, i) = mu + b_u + b_i + p_u . q_i

minimizing the squared error plus reg * (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2) per rating (Funk 2006; Koren, Bell and
Volinsky, Computer 2009). `biased_mf` does the same much faster; this one is the rival it is measured by.
"""

from __future__ import annotations

from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.recommenders.biased_factors import BiasedFactors
from recsys_assets.recommenders.data import TrainingData
from recsys_assets.recommenders.surprise_data import SurpriseRatings


class SvdConfig(BaseModel, extra="forbid"):
    """Defaults tuned on ml-100k, held on ml-latest-small."""

    factors: PositiveInt = 100
    """Length of p and q."""
    epochs: PositiveInt = 60
    """Passes over the ratings."""
    learning_rate: PositiveFloat = 0.007
    """Step of the gradient descent."""
    regularization: NonNegativeFloat = 0.09
    """`reg` above, of biases and factors alike."""


class Svd(BiasedFactors):
    """Predicts ratings from learned tastes, and ranks by them."""

    name = "svd"
    Config = SvdConfig
    config: SvdConfig

    def _fit(self, data: TrainingData) -> None:
        from surprise import SVD

        ratings = SurpriseRatings(data, model=self.name, epochs=self.config.epochs)
        algorithm = SVD(
            n_factors=self.config.factors,
            n_epochs=self.config.epochs,
            lr_all=self.config.learning_rate,
            reg_all=self.config.regularization,
            random_state=data.seed,
        )
        algorithm.fit(ratings)
        self.mean = ratings.global_mean
        self.user_bias, self.movie_bias = algorithm.bu, algorithm.bi
        self.user_factors, self.movie_factors = algorithm.pu, algorithm.qi
        self._forget_unrated(data.histories)
