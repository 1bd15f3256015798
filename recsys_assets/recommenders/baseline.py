"""Baseline: how a user rates and how a movie is rated, nothing about who likes what.

    r(u, i) = mu + b_u + b_i

with damped biases (see `biases`). What every predictor of ratings has to beat, and a part of the blend.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, NonNegativeFloat

from recsys_assets.recommenders.accounts import Accounts, Amounts
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.biases import Biases
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData


class BaselineConfig(BaseModel, extra="forbid"):
    damping: NonNegativeFloat = 5.0
    """Imagined ratings at a bias of 0."""


class Baseline(RatingPredictor):
    """Predicts ratings from biases, and ranks by them: all users see the same order."""

    name = "baseline"
    Config = BaselineConfig
    config: BaselineConfig
    biases: Biases

    def _fit(self, data: TrainingData) -> None:
        self.biases = Biases.of(data.histories, len(data.movies), damping=self.config.damping)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        return (self.biases.mean + self.biases.of_users(histories)[:, None] + self.biases.movies).astype(np.float32)

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        of_movies = np.where(movies >= 0, self.biases.movies[movies], 0)
        return (self.biases.mean + self._user_bias[users] + of_movies).astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        return Accounts(self.biases.summands(history, movies))

    @property
    def _user_bias(self) -> NDArray[np.float64]:
        """(n_users + 1,) of the known users, and 0 at the end for -1."""
        return np.append(self.biases.of_users(self.histories), 0)

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"mean": np.array(self.biases.mean), "movie_bias": self.biases.movies}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.biases = Biases(float(state["mean"]), state["movie_bias"], self.config.damping)
