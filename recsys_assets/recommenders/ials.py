"""iALS: matrix factorization of who chose what, by alternating least squares (Hu, Koren and Volinsky, ICDM 2008).

In the form and with the regularization of Rendle, Krichene, Zhang and Koren ("Revisiting the Performance of iALS on
Item Recommendation Benchmarks", RecSys 2022): minimize

    sum_{u,i chosen} w_ui (1 - x_u . y_i)^2 + alpha sum_{all u,i} (x_u . y_i)^2
      + lambda (sum_u (n_u + alpha |I|)^nu |x_u|^2 + sum_i (n_i + alpha |U|)^nu |y_i|^2)

in turn over users and movies. The half-steps are a few conjugate gradients from the last solution, the users' last one
is exact, as is a newcomer's. It is linear in the ratings: 26 million are some minutes' work.
"""

from __future__ import annotations

import time

import numpy as np
from pydantic import BaseModel, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.recommenders.als_rows import Rows, solve_rows
from recsys_assets.recommenders.data import FloatArray, Histories, TrainingData
from recsys_assets.recommenders.history_weights import weighted_matrix
from recsys_assets.recommenders.implicit_factors import ImplicitFactors

LEAST = 0.01
"""The least a chosen movie counts."""


class IalsConfig(BaseModel, extra="forbid"):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small."""

    factors: PositiveInt = 64
    """Length of x and y."""
    unobserved: PositiveFloat = 0.1
    """alpha: how firmly what was not chosen is taken as disliked."""
    regularization: NonNegativeFloat = 0.3
    """lambda."""
    frequency_power: NonNegativeFloat = 0.5
    """nu: 0 regularizes all alike, 1 by their numbers of ratings."""
    iterations: PositiveInt = 8
    """Rounds over users and movies."""
    steps: NonNegativeInt = 3
    """Conjugate gradients of a half-step; 0: exact solutions, slower."""
    half_life: PositiveFloat | None = 5.0
    """Later movies of the same user after which one counts half in the user's factors; none: all count alike."""
    rating_weight: NonNegativeFloat = 0.2
    """What a rating point above the user's mean adds to w; 0: only that it was rated. w is never below `LEAST`."""


class Ials(ImplicitFactors):
    """Learned tastes from what was chosen and what was not."""

    name = "ials"
    Config = IalsConfig
    config: IalsConfig

    def _fit(self, data: TrainingData) -> None:
        config, rng = self.config, np.random.default_rng(data.seed)
        users = self._weighted(data.histories, half_life=None)
        movies = users.transposed()
        ridge = self._ridges(users, len(data.movies)), self._ridges(movies, len(data.users))
        spread = np.float32(0.1 / np.sqrt(config.factors))
        y = rng.standard_normal((len(data.movies), config.factors), dtype=np.float32) * spread
        y[movies.lengths == 0] = 0
        x = None
        told = started = time.monotonic()
        for iteration in range(config.iterations):
            x = solve_rows(users, y, self._gram(y), ridge[0], start=x, steps=config.steps)
            y = solve_rows(movies, x, self._gram(x), ridge[1], start=y if iteration else None, steps=config.steps)
            if time.monotonic() - told > 2:
                told = time.monotonic()
                data.progress(f"ials: round {iteration + 1}/{config.iterations}, {told - started:.0f} s")
        self.movie_factors = y
        self.user_factors = self.solve(data.histories)

    def _rows(self, histories: Histories) -> Rows:
        return self._weighted(histories, half_life=self.config.half_life)

    def _base(self) -> FloatArray:
        return self._gram(self.movie_factors)

    def _ridge(self, histories: Histories) -> FloatArray:
        return self._ridges(self._rows(histories), len(self.movies))

    def _weighted(self, histories: Histories, *, half_life: float | None) -> Rows:
        weight = self.config.rating_weight
        chosen = weighted_matrix(histories, len(self.movies), half_life=half_life, rating_weight=weight)
        np.maximum(chosen.data, np.float32(LEAST), out=chosen.data)
        return Rows(chosen, chosen.data)

    def _gram(self, factors: FloatArray) -> FloatArray:
        return np.float32(self.config.unobserved) * (factors.T @ factors)

    def _ridges(self, rows: Rows, others: int) -> FloatArray:
        config = self.config
        total = np.asarray(rows.chosen.sum(axis=1)).ravel() + config.unobserved * others
        return (config.regularization * total**config.frequency_power + 1e-6).astype(np.float32)
