"""Bayesian factorization machine: timeSVD++ "flipped", drawn by Gibbs sampling with myfm.

A rating is explained by who rates (id, movies they rated, age, gender, occupation), what (id, users who rated it,
genres, decade) and when (the user's day, and shorter moments in it): every feature has a weight, every pair of
features an interaction of their factors. Weights and factors are drawn from their posterior, priors by group of
features included, so nothing is regularized by hand (Freudenthaler, Schmidt-Thieme and Rendle, 2011; Rendle, Zhang
and Koren, "On the difficulty of evaluating baselines", 2019). The mean of all draws is kept as

    r(u, i, t) = mu + b_ut + b_i + p_ut . q_i

whose p_ut has a row for each moment at which u rated, and one for all other times, later ones among them: there the
unknown moment is at the mean of its kind. Moments help where neighbours in time are known, as in random folds: people
rate in moods, and page by page. They are of no use to foresee tomorrow; see the temporal figures.

A newcomer's (b, p) is its posterior mean given their ratings, under a normal prior with the covariance of the known
users' (b, p), a rating's noise being what is left of it when the moment is not known. Movies are ranked as of the
user's last rating.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, PositiveInt, model_validator

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.fm_features import Moments, movie_block, user_block
from recsys_assets.recommenders.fm_posterior import Posterior
from recsys_assets.recommenders.folding import ridge
from recsys_assets.recommenders.pairs import paired_dots
from recsys_assets.recommenders.times import last_times
from recsys_assets.recommenders.user_sample import sample_users

ARRAYS = ("row_bias", "row_factors", "movie_bias", "movie_factors", "spread")


class BayesianFmConfig(BaseModel, extra="forbid"):
    """Defaults tuned on a tenth of the training part of fold 0 of ml-100k and of ml-latest-small."""

    factors: PositiveInt = 10
    """Length of the factors of every feature."""
    chains: PositiveInt = 3
    """Gibbs samplers, each from a start of its own: one alone stays near one of many modes, and RMSE depends on it."""
    draws: PositiveInt = 80
    """Steps of each sampler."""
    burn_in: PositiveInt = 16
    """Its first steps that are not kept."""
    moments: tuple[PositiveInt, ...] = (86400, 3600, 300, 30)
    """Seconds of the nested moments, each a divisor of the one before; empty: tastes do not change."""
    kept_factors: PositiveInt = 48
    """Length of p and q above: of the mean of all draws."""
    max_ratings: PositiveInt = 500_000
    """Ratings of the sampled users that are drawn from; the other users are folded in."""

    @model_validator(mode="after")
    def _moments_are_nested(self) -> Self:
        if any(longer % shorter or longer == shorter for longer, shorter in pairwise(self.moments)):
            raise ValueError(f"each of the moments must divide the one before it, found {self.moments}")
        if self.burn_in >= self.draws:
            raise ValueError(f"of {self.draws} draws the first {self.burn_in} are dropped, so none is kept")
        return self


class BayesianFm(RatingPredictor):
    """Predicts ratings at a time from everything known of user, movie and moment, and ranks by them."""

    name = "bayesian_fm"
    Config = BayesianFmConfig
    config: BayesianFmConfig
    mean: float
    row_bias: NDArray[np.float32]
    """(n_rows,) of users, then of their moments."""
    row_factors: NDArray[np.float32]
    """(n_rows, f)."""
    movie_bias: NDArray[np.float32]
    movie_factors: NDArray[np.float32]
    """(n_movies, f)."""
    spread: NDArray[np.float32]
    """Root S (f + 1, f + 1) of the covariance S S' of the users' (b, p)."""
    noise: float
    """Variance of a rating about what is predicted when its moment is not known."""
    moments: Moments

    def _fit(self, data: TrainingData) -> None:
        sample = sample_users(data.histories, max_ratings=self.config.max_ratings, seed=data.seed)
        posterior = self._posterior(data, sample)
        known = sample.lengths > 0
        found = posterior.centred(known, np.bincount(sample.movies, minlength=len(data.movies)) > 0)
        self.moments, self.mean = posterior.moments, found.mean
        self.row_bias, self.row_factors = found.row_bias, found.row_factors
        self.movie_bias, self.movie_factors = found.movie_bias, found.movie_factors
        self.noise = self._noise(sample)
        self.spread = _spread(self.row_bias[: len(known)][known], self.row_factors[: len(known)][known])
        others = np.flatnonzero(~known)
        self.row_bias[others], self.row_factors[others] = self._fold_in(data.histories.take(others))

    def _posterior(self, data: TrainingData, sample: Histories) -> Posterior:
        from recsys_assets.recommenders.fm_gibbs import draw_posterior

        config = self.config
        moments = Moments.of(sample, config.moments)
        posterior = Posterior(user_block(data, sample), movie_block(data, sample), moments, rank=config.kept_factors)
        for chain in range(config.chains):
            draw_posterior(
                posterior,
                sample,
                rank=config.factors,
                draws=config.draws,
                burn_in=config.burn_in,
                seed=data.seed + chain,
                progress=lambda told, n=chain + 1: data.progress(  # type: ignore[misc]
                    f"{self.name}: chain {n}/{config.chains}, {told}"
                ),
            )
        return posterior

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        bias, factors = self._tastes(histories, users)
        scores = factors @ self.movie_factors.T
        scores += (np.float32(self.mean) + bias)[:, None]
        scores += self.movie_bias
        return scores

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        rows = self.moments.locate(users, last_times(self.histories.take(users)) if at is None else at)
        both = (users >= 0) & (movies >= 0)
        taste = paired_dots(self.row_factors, self.movie_factors, rows, movies)
        biases = np.where(users >= 0, self.row_bias[rows], 0) + np.where(movies >= 0, self.movie_bias[movies], 0)
        return (self.mean + biases + np.where(both, taste, 0)).astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        bias, factors = self._tastes(history, np.array([user]))
        every, taste = np.ones(len(movies)), (self.movie_factors[movies] @ factors[0]).astype(np.float64)
        return Accounts(
            (
                Summand("bias", "mean of all ratings", float(self.mean) * every),
                Summand("bias", "how this user rates, of late", float(bias[0]) * every),
                Summand("bias", "how this movie is rated", self.movie_bias[movies].astype(np.float64)),
                Summand("factors", "how it matches this user's taste", taste),
            )
        )

    def _tastes(self, histories: Histories, users: IntArray) -> tuple[FloatArray, FloatArray]:
        """Bias (b,) and factors (b, f): as of the last rating of known users, folded in for newcomers."""
        rows = self.moments.locate(users, last_times(histories))
        bias, factors = self.row_bias[rows], self.row_factors[rows]
        new = np.flatnonzero(users < 0)
        if len(new):
            bias[new], factors[new] = self._fold_in(histories.take(new))
        return bias, factors

    def _fold_in(self, histories: Histories) -> tuple[FloatArray, FloatArray]:
        design = self.spread[0] + self.movie_factors @ self.spread[1:]
        penalty = np.full(len(histories), self.noise)
        z = ridge(histories, base=self.mean + self.movie_bias, design=design, penalty=penalty)
        x = (z @ self.spread.T).astype(np.float32)
        return x[:, 0], x[:, 1:]

    def _noise(self, sample: Histories) -> float:
        rows = sample.rows
        told = self.mean + self.row_bias[rows] + self.movie_bias[sample.movies]
        told += paired_dots(self.row_factors, self.movie_factors, rows, sample.movies)
        return float(np.mean((sample.ratings - told) ** 2))

    def _state(self) -> dict[str, NDArray[Any]]:
        known = {name: getattr(self, name) for name in ARRAYS}
        keys = {f"moments.{level}": keys for level, keys in enumerate(self.moments.keys)}
        return known | keys | {"mean": np.array(self.mean), "noise": np.array(self.noise)}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.mean, self.noise = float(state["mean"]), float(state["noise"])
        for name in ARRAYS:
            setattr(self, name, state[name])
        scales = self.config.moments
        keys = tuple(state[f"moments.{level}"] for level in range(len(scales)))
        self.moments = Moments(scales, keys, len(self.users))


def _spread(bias: FloatArray, factors: FloatArray) -> NDArray[np.float32]:
    x = np.concatenate([bias[:, None], factors], axis=1).astype(np.float64)
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    root: NDArray[np.float32] = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    return root
