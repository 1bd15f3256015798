"""Neighbours in taste and in time: a rating is told by the user's ratings of like movies, and those of that moment.

    r(u, i, t) = b_ui + sum_j theta_j e_uj / (shrink + sum_j theta_j)
    theta_j = s_ij + moment * exp(-|t - t_j| / tau)

over the movies j that u rated, with b the baseline (see `biases`), e_uj = r_uj - b_uj what it leaves, and s_ij the
correlation of e over the n_ij users who rated both, s = max(0, corr * n_ij / (n_ij + 50))^2.5 (Koren, TKDD 2010,
section 3, with time as in Ding and Li, CIKM 2005). People rate in moods, and page by page: neighbours within a minute
tell more than any movie's. Movies are ranked as of the user's last rating.

Correlations are of the `max_movies` most rated movies and of a sample of users up to `max_ratings`; each movie keeps
its `neighbours` strongest. Others are told by the baseline and the moment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse

from recsys_assets.recommenders.accounts import Accounts, Amounts
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.biases import Biases
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.item_correlations import strongest_correlations
from recsys_assets.recommenders.times import last_times
from recsys_assets.recommenders.user_sample import sample_users

PAIR_BLOCK = 1 << 14
"""Pairs of user and movie predicted at once."""


class RatingKnnConfig(BaseModel, extra="forbid"):
    """Defaults tuned on a tenth of the training part of fold 0 of ml-100k."""

    damping: NonNegativeFloat = 5.0
    """Of the baseline's biases."""
    co_raters: NonNegativeFloat = 50.0
    """Users who must have rated both for half of a correlation to be believed."""
    power: PositiveFloat = 2.5
    """Of the correlation. Larger: the nearest count more."""
    shrink: NonNegativeFloat = 0.02
    """Larger: nearer to the baseline."""
    moment: NonNegativeFloat = 0.01
    """Weight of a rating given at the same time, where that of a movie alike in all is 1; 0: time is not looked at."""
    moment_seconds: PositiveFloat = 60.0
    """tau above."""
    neighbours: PositiveInt = 300
    """Correlations kept of each movie."""
    max_movies: PositiveInt = 20_000
    """Movies that have correlations, the most rated."""
    max_ratings: PositiveInt = 5_000_000
    """Ratings of the sampled users that correlations are counted on."""


class RatingKnn(RatingPredictor):
    """Predicts ratings from the user's own of like movies and of that moment, and ranks by them."""

    name = "rating_knn"
    Config = RatingKnnConfig
    config: RatingKnnConfig
    biases: Biases
    alike: sparse.csr_matrix
    """s_ij (n_movies, n_movies) float32."""

    def _fit(self, data: TrainingData) -> None:
        n = len(data.movies)
        self.biases = Biases.of(data.histories, n, damping=self.config.damping)
        sample = sample_users(data.histories, max_ratings=self.config.max_ratings, seed=data.seed)
        self.alike = strongest_correlations(
            sample,
            self.biases.residuals(sample),
            n,
            kept=self.config.neighbours,
            co_raters=self.config.co_raters,
            power=self.config.power,
            max_movies=self.config.max_movies,
        )

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        left, rated = self._residual_matrices(histories)
        theirs, weight = (self.alike @ left.T).T.toarray(), (self.alike @ rated.T).T.toarray()
        now_theirs, now_weight = self._moment(histories, np.arange(len(histories)), last_times(histories))
        told = (theirs + now_theirs[:, None]) / (self._shrink + weight + now_weight[:, None])
        told += self.biases.mean + self.biases.of_users(histories)[:, None] + self.biases.movies
        return told.astype(np.float32)

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        asked, rows = np.unique(users, return_inverse=True)
        histories = self.histories.take(asked)
        left, rated = self._residual_matrices(histories)
        when = last_times(histories)[rows] if at is None else at
        told = np.empty(len(users))
        for start in range(0, len(users), PAIR_BLOCK):
            block = slice(start, start + PAIR_BLOCK)
            row, near = rows[block], self.alike[np.maximum(movies[block], 0)].multiply((movies[block] >= 0)[:, None])
            now_theirs, now_weight = self._moment(histories, row, when[block])
            theirs, weight = (np.asarray(near.multiply(m[row]).sum(axis=1)).ravel() for m in (left, rated))
            told[block] = (theirs + now_theirs) / (self._shrink + weight + now_weight)
        of_movies = np.where(movies >= 0, self.biases.movies[movies], 0)
        return (self.biases.mean + self.biases.of_users(histories)[rows] + of_movies + told).astype(np.float32)

    def _similar(self, movies: IntArray) -> FloatArray:
        return self.alike[movies].toarray().astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        near = self._nearness(last_times(history), history.timestamps)
        theta = self.alike[movies].toarray()[:, history.movies] + near
        amounts = theta * self.biases.residuals(history) / (self._shrink + theta.sum(axis=1, keepdims=True))
        return Accounts.of_ratings(self._rated(history), amounts, *self.biases.summands(history, movies))

    @property
    def _shrink(self) -> float:
        return self.config.shrink + 1e-9

    def _residual_matrices(self, histories: Histories) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """(b, n_movies): what the baseline leaves of each rating, and a one for each."""
        n = len(self.movies)
        left = sparse.csr_matrix(
            (self.biases.residuals(histories), histories.movies, histories.indptr), (len(histories), n)
        )
        rated = sparse.csr_matrix((np.ones(len(histories.movies)), histories.movies, histories.indptr), left.shape)
        return left, rated

    def _nearness(self, times: IntArray, others: IntArray) -> NDArray[np.float64]:
        gap = np.abs(times - others) / self.config.moment_seconds
        return self.config.moment * np.exp(-gap)

    def _moment(
        self, histories: Histories, rows: IntArray, times: IntArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums (n,) of theta_j e_uj and of theta_j over the ratings of `rows`, as far as they are near to `times`."""
        near = histories.take(rows)
        theta = self._nearness(np.repeat(times, near.lengths), near.timestamps)
        left = self.biases.residuals(histories)
        starts = np.repeat(histories.indptr[rows] - near.indptr[:-1], near.lengths)
        theirs = theta * left[starts + np.arange(len(theta))]
        sums = (np.bincount(near.rows, each, minlength=len(rows)).astype(np.float64) for each in (theirs, theta))
        return next(sums), next(sums)

    def _state(self) -> dict[str, NDArray[Any]]:
        near = {name: getattr(self.alike, name) for name in ("data", "indices", "indptr")}
        return near | {"mean": np.array(self.biases.mean), "movie_bias": self.biases.movies}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.biases = Biases(float(state["mean"]), state["movie_bias"], self.config.damping)
        n = len(self.movies)
        self.alike = sparse.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=(n, n))
