"""Implicit ALS as the library `implicit` has it (Frederickson; Hu, Koren and Volinsky, ICDM 2008).

    sum_{all u,i} c_ui (p_ui - x_u . y_i)^2 + lambda (sum_u |x_u|^2 + sum_i |y_i|^2)

with p = 1 and c = alpha where the user chose the movie, p = 0 and c = 1 elsewhere; by conjugate gradients. A newcomer's
factors are the exact solution for them. The yardstick of `ials`.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt

from recsys_assets.recommenders.als_rows import Rows
from recsys_assets.recommenders.data import FloatArray, Histories, TrainingData
from recsys_assets.recommenders.implicit_factors import ImplicitFactors


class ImplicitAlsConfig(BaseModel, extra="forbid"):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small."""

    factors: PositiveInt = 32
    """Length of x and y."""
    regularization: PositiveFloat = 10.0
    """lambda."""
    confidence: float = Field(default=4.0, ge=1)
    """alpha."""
    iterations: PositiveInt = 15
    """Rounds over users and movies."""


class ImplicitAls(ImplicitFactors):
    """The library's factors."""

    name = "implicit_als"
    Config = ImplicitAlsConfig
    config: ImplicitAlsConfig

    def _fit(self, data: TrainingData) -> None:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        config = self.config
        with threadpool_limits(1, "blas"):  # the library's own threads share the rows
            model = AlternatingLeastSquares(
                factors=config.factors,
                regularization=config.regularization,
                alpha=config.confidence,
                iterations=config.iterations,
                random_state=data.seed,
            )
            chosen = data.histories.matrix(len(data.movies))
            chosen.data[:] = 1
            model.fit(chosen, show_progress=False)
        self.user_factors, self.movie_factors = np.asarray(model.user_factors), np.asarray(model.item_factors)

    def _rows(self, histories: Histories) -> Rows:
        chosen = histories.matrix(len(self.movies))
        chosen.data[:] = self.config.confidence - 1
        return Rows(chosen, np.full(chosen.nnz, self.config.confidence, dtype=np.float32))

    def _base(self) -> FloatArray:
        return np.asarray(self.movie_factors.T @ self.movie_factors, dtype=np.float32)

    def _ridge(self, histories: Histories) -> FloatArray:
        return np.full(len(histories), self.config.regularization, dtype=np.float32)
