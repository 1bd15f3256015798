"""What biased matrix factorizations share, however they are trained.

    r(u, i) = mu + b_u + b_i + p_u . q_i

Movies are ranked by r(u, i), unclipped. A user who was not trained, because they are new or were not in the sample,
is folded in: their (b, p) is the ridge solution of the training objective with the movies fixed (`folding`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.folding import Tastes, fold_in
from recsys_assets.recommenders.pairs import paired_dots

STATE = ("user_bias", "movie_bias", "user_factors", "movie_factors")


class BiasedFactors(RatingPredictor):
    """Predicts ratings from biases and factors, which `_fit` of a model sets."""

    config: Any
    """Of the model; its `regularization` is the weight of the squares in the objective."""
    mean: float
    user_bias: NDArray[Any]
    """(n_users,) rating points."""
    movie_bias: NDArray[Any]
    """(n_movies,) rating points."""
    user_factors: NDArray[Any]
    """(n_users, f)."""
    movie_factors: NDArray[Any]
    """(n_movies, f)."""

    def _forget_unrated(self, histories: Histories) -> None:
        """Set to zero what no rating has moved from its random start."""
        unrated = np.bincount(histories.movies, minlength=len(self.movie_factors)) == 0
        self.user_factors[histories.lengths == 0] = 0
        self.movie_factors[unrated] = 0

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        tastes = self._tastes(histories, users)
        scores = tastes.factors @ self.movie_factors.T
        scores += (self.mean + tastes.bias)[:, None]
        scores += self.movie_bias
        return scores.astype(np.float32, copy=False)

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        both = (users >= 0) & (movies >= 0)
        taste = paired_dots(self.user_factors, self.movie_factors, users, movies)
        biases = np.where(users >= 0, self.user_bias[users], 0) + np.where(movies >= 0, self.movie_bias[movies], 0)
        return (self.mean + biases + np.where(both, taste, 0)).astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        tastes, every = self._tastes(history, np.array([user])), np.ones(len(movies))
        taste = (self.movie_factors[movies] @ tastes.factors[0]).astype(np.float64)
        return Accounts(
            (
                Summand("bias", "mean of all ratings", self.mean * every),
                Summand("bias", "how this user rates", float(tastes.bias[0]) * every),
                Summand("bias", "how this movie is rated", self.movie_bias[movies].astype(np.float64)),
                Summand("factors", "how it matches this user's taste", taste),
            )
        )

    def _tastes(self, histories: Histories, users: IntArray) -> Tastes:
        """Bias (b,) and factors (b, f): learned for known users, folded in for newcomers."""
        bias, factors = self.user_bias[users], self.user_factors[users]
        new = np.flatnonzero(users < 0)
        if len(new):
            bias[new], factors[new] = self._fold_in(histories.take(new))
        return Tastes(bias, factors)

    def _fold_in(self, histories: Histories) -> Tastes:
        return fold_in(
            histories,
            base=self.mean + self.movie_bias,
            factors=self.movie_factors,
            regularization=self.config.regularization,
            offsets=self._implicit(histories),
        )

    def _implicit(self, histories: Histories) -> NDArray[np.float64] | None:
        """What was watched at all tells of the factors (b, f), in models that know; None in those that do not."""
        return None

    def _state(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in STATE} | {"mean": np.array(self.mean)}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.mean = float(state["mean"])
        for name in STATE:
            setattr(self, name, state[name])
