"""Biased matrix factorization by our own stochastic gradient descent, compiled by numba: SVD made fast.

    r(u, i) = mu + b_u + b_i + p_u . q_i

minimizing the squared error plus reg * (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2) per rating (Funk 2006; Koren, Bell and
Volinsky, Computer 2009): the objective of `svd`. Ratings are walked user by user, each user's in a random order, in
float32: p_u stays in the cache, and 26 million ratings take their own 8 bytes each and the factors, no more.
"""

from __future__ import annotations

import time

import numpy as np
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.recommenders.biased_factors import BiasedFactors
from recsys_assets.recommenders.data import TrainingData


class BiasedMfConfig(BaseModel, extra="forbid"):
    """Defaults are those of `svd`, `start` tuned on a tenth of the training part of fold 0 of ml-100k.

    Of 26 million ratings, 64 factors and 20 epochs are enough.
    """

    factors: PositiveInt = 100
    """Length of p and q."""
    epochs: PositiveInt = 60
    """Passes over the ratings."""
    learning_rate: PositiveFloat = 0.007
    """Step of the gradient descent."""
    regularization: NonNegativeFloat = 0.09
    """`reg` above, of biases and factors alike."""
    start: PositiveFloat = 0.03
    """Standard deviation of the factors' random start. Surprise's 0.1 leaves more of it at the end: RMSE + 0.003."""


class BiasedMf(BiasedFactors):
    """Predicts ratings from learned tastes, and ranks by them."""

    name = "biased_mf"
    Config = BiasedMfConfig
    config: BiasedMfConfig

    def _fit(self, data: TrainingData) -> None:
        from recsys_assets.recommenders.kernels.sgd import biased_epoch, random_start, shuffle_within_users

        histories, width = data.histories, self.config.factors
        movies, ratings = histories.movies.copy(), histories.ratings.copy()
        shuffle_within_users(histories.indptr, movies, ratings, np.uint64(data.seed))
        rng = np.random.default_rng(data.seed)
        self.mean = float(ratings.mean(dtype=np.float64))
        self.user_bias = np.zeros(len(data.users), dtype=np.float32)
        self.movie_bias = np.zeros(len(data.movies), dtype=np.float32)
        self.user_factors = random_start(rng, len(data.users), width, scale=self.config.start)
        self.movie_factors = random_start(rng, len(data.movies), width, scale=self.config.start)
        learned = self.user_bias, self.movie_bias, self.user_factors, self.movie_factors
        step, reg = np.float32(self.config.learning_rate), np.float32(self.config.regularization)
        started = reported = time.monotonic()
        for epoch in range(self.config.epochs):
            error = biased_epoch(histories.indptr, movies, ratings, np.float32(self.mean), *learned, step, reg)
            if (now := time.monotonic()) - reported >= 2:
                reported, rmse = now, (error / len(ratings)) ** 0.5
                data.progress(
                    f"biased_mf: epoch {epoch + 1}/{self.config.epochs}, RMSE {rmse:.4f}, {now - started:.0f} s"
                )
        self._forget_unrated(histories)
