"""SVD: biased matrix factorization by stochastic gradient descent, trained by scikit-surprise.

    r(u, i) = mu + b_u + b_i + p_u . q_i

minimizing the squared error plus reg * (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2) per rating (Funk 2006; Koren, Bell and
Volinsky, Computer 2009). A newcomer's (b, p) is the ridge solution of the same objective with the movies fixed:

    (A'A + reg * n * I) x = A' (r - mu - b_i),    A = [1, q_i] over the newcomer's n ratings.

Movies are ranked by r(u, i), unclipped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.results import Reason

CHUNK = 1 << 20
"""Ratings held as Python numbers at once while Surprise reads them."""


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


class Svd(RatingPredictor):
    """Predicts ratings from learned tastes, and ranks by them."""

    name = "svd"
    Config = SvdConfig
    config: SvdConfig

    def _fit(self, data: TrainingData) -> None:
        from surprise import SVD

        ratings = SurpriseRatings(data, self.config.epochs)
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
        self.user_factors[data.histories.lengths == 0] = 0
        self.movie_factors[np.bincount(data.histories.movies, minlength=len(data.movies)) == 0] = 0

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        bias, factors = self._tastes(histories, users)
        base = (self.mean + bias)[:, None] + self.movie_bias
        return (base + factors @ self.movie_factors.T).astype(np.float32)

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        both = (users >= 0) & (movies >= 0)
        taste = np.einsum("nf,nf->n", self.user_factors[users], self.movie_factors[movies])
        biases = np.where(users >= 0, self.user_bias[users], 0) + np.where(movies >= 0, self.movie_bias[movies], 0)
        return (self.mean + biases + np.where(both, taste, 0)).astype(np.float32)

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        bias, factors = self._tastes(history, np.array([user]))
        return [
            Reason("bias", "mean of all ratings", float(self.mean)),
            Reason("bias", "how this user rates", float(bias[0])),
            Reason("bias", "how this movie is rated", float(self.movie_bias[movie])),
            Reason("factors", "how it matches this user's taste", float(factors[0] @ self.movie_factors[movie])),
        ]

    def _tastes(self, histories: Histories, users: IntArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bias (b,) and factors (b, f): learned for known users, folded in for newcomers."""
        bias, factors = self.user_bias[users], self.user_factors[users]
        new = np.flatnonzero(users < 0)
        if len(new):
            bias[new], factors[new] = self._fold_in(histories.take(new))
        return bias, factors

    def _fold_in(self, histories: Histories) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n, rows = histories.lengths, histories.rows
        place = np.arange(len(rows)) - histories.indptr[rows]
        a = np.zeros((len(n), n.max(), self.movie_factors.shape[1] + 1))
        a[rows, place, 0] = 1
        a[rows, place, 1:] = self.movie_factors[histories.movies]
        residual = np.zeros((len(n), n.max(), 1))
        residual[rows, place, 0] = histories.ratings - self.mean - self.movie_bias[histories.movies]
        ridge = (self.config.regularization * n + 1e-9)[:, None, None] * np.eye(a.shape[2])
        a_t = a.transpose(0, 2, 1)
        solution = np.linalg.solve(a_t @ a + ridge, a_t @ residual)[:, :, 0]
        return solution[:, 0], solution[:, 1:]

    def _state(self) -> dict[str, NDArray[Any]]:
        arrays = {k: getattr(self, k) for k in ("user_bias", "movie_bias", "user_factors", "movie_factors")}
        return arrays | {"mean": np.array(self.mean)}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.mean = float(state["mean"])
        self.user_bias, self.movie_bias = state["user_bias"], state["movie_bias"]
        self.user_factors, self.movie_factors = state["user_factors"], state["movie_factors"]


class SurpriseRatings:
    """What Surprise's SVD asks of a trainset, read from columns: no dict of lists, no raw ids.

    Users come in order, each one's ratings in a random order, fixed by the seed: in time order RMSE on
    ml-latest-small is 0.005 worse. SVD calls `all_ratings` once an epoch, which is where progress is told.
    """

    def __init__(self, data: TrainingData, epochs: int) -> None:
        histories = data.histories
        self.n_users, self.n_items = len(histories), len(data.movies)
        self.global_mean = float(histories.ratings.mean(dtype=np.float64))
        self.epoch, self.epochs, self.progress = 0, epochs, data.progress
        rows = histories.rows
        order = np.lexsort((np.random.default_rng(data.seed).random(len(rows)), rows))
        self.columns = rows, histories.movies[order], histories.ratings[order]
        self.only_chunk = list(self._chunk(0)) if len(rows) <= CHUNK else None
        self.started = self.reported = time.monotonic()

    def all_ratings(self) -> Iterator[tuple[int, int, float]]:
        """(user, movie, rating) of every rating."""
        now = time.monotonic()
        if now - self.reported >= 2:
            self.reported = now
            self.progress(f"svd: epoch {self.epoch}/{self.epochs}, {now - self.started:.0f} s")
        self.epoch += 1
        if self.only_chunk is not None:
            return iter(self.only_chunk)
        return chain.from_iterable(map(self._chunk, range(0, len(self.columns[0]), CHUNK)))

    def _chunk(self, start: int) -> Iterator[tuple[int, int, float]]:
        users, movies, ratings = (c[start : start + CHUNK].tolist() for c in self.columns)
        return zip(users, movies, ratings, strict=True)
