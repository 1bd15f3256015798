"""Kernel ridge regression between users: what people of a similar taste chose, without a limit on their number.

A user's history, weighted by n_i^-b and brought to length 1, is v_u. With k(u, t) = exp(gamma (v_u . v_t - 1)),

    score(u, i) = n_i^c sum_t k(u, t) A_ti,    A = (K + lambda I)^-1 X

the regression of every movie's column of X at once. Unlike factors or weights between movies it is not linear in the
history. A kernel in the place of an infinitely wide autoencoder is Sachdeva et al.'s (NeurIPS 2022); with a linear
kernel it is EASE between users. For user u of the sample, K A = X - lambda A gives the score without a product. What
is asked about may fade with time and weigh ratings (`history_weights`); what is compared with does not.

Cost: the square of the users. More than `max_users` are drawn at random; the others are answered as newcomers are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import linalg, sparse

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.history_weights import weighted_matrix
from recsys_assets.recommenders.kept_movies import most_rated, rating_counts, with_the_rest
from recsys_assets.recommenders.results import ModelError

BLOCK_ELEMENTS = 1 << 24
"""Values of a block of kernel or of dense histories, 64 MiB."""


class UserKernelConfig(BaseModel, extra="forbid"):
    """Defaults: best mean NDCG@10 of the temporal and the leave-one-out validation of ml-100k and ml-latest-small."""

    sharpness: PositiveFloat = 2.0
    """gamma: larger lets only the most similar users count."""
    regularization: PositiveFloat = 0.3
    """lambda."""
    movie_power: NonNegativeFloat = 0.3
    """b: larger lets much rated movies say less about a taste."""
    popularity_power: float = 0.0
    """c: larger recommends movies more people know."""
    half_life: PositiveFloat | None = 10.0
    """Later movies of the same user after which one counts half; none where taste is taken as constant."""
    rating_weight: float = 0.2
    """What a rating point above the user's mean adds to what a movie counts; 0: only that it was rated."""
    max_users: PositiveInt = 8_000
    """Users drawn to be compared with, of those with a rating."""
    max_movies: PositiveInt = Field(default=20_000, le=46_000)
    """The most rated movies are ranked; the others, and those nobody rated, come last by weighted rating."""


class UserKernel(Recommender):
    """What similar users chose."""

    name = "user_kernel"
    Config = UserKernelConfig
    config: UserKernelConfig
    drawn: IntArray
    """(s,) indices, ascending, of the users compared with."""
    tastes: sparse.csr_matrix
    """v (s, m)."""
    dual: FloatArray
    """A (s, m)."""

    def _fit(self, data: TrainingData) -> None:
        able = np.flatnonzero(data.histories.lengths)
        chosen = np.random.default_rng(data.seed).permutation(able)[: self.config.max_users]
        self.drawn = np.sort(chosen)
        if len(able) > len(chosen):
            data.progress(f"user_kernel: compares with {len(chosen):,} of {len(able):,} users")
        counts = rating_counts(data.histories, len(data.movies))
        self.kept = most_rated(counts, self.config.max_movies)
        self.counts = counts[self.kept]
        histories = data.histories.take(self.drawn)
        self.tastes = self._unit(self._chosen(histories))
        kernel = self._kernel(self.tastes)
        kernel[np.diag_indices(len(kernel))] += np.float32(self.config.regularization)
        factor, fault = linalg.lapack.spotrf(kernel.T, lower=1, clean=0, overwrite_a=1)
        if fault:
            raise ModelError("the kernel can't be inverted in float32; use a larger `regularization`")
        solved, _ = linalg.lapack.spotrs(factor, self._chosen(histories).toarray(order="F"), lower=1, overwrite_b=1)
        self.dual = np.ascontiguousarray(solved)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        place = np.searchsorted(self.drawn, users)
        as_fitted = self.config.half_life is None and self.config.rating_weight == 0
        own = np.isin(users, self.drawn) & as_fitted
        found = np.empty((len(users), len(self.kept)), dtype=np.float32)
        found[own] = self._chosen(histories.take(np.flatnonzero(own))).toarray()
        found[own] -= np.float32(self.config.regularization) * self.dual[place[own]]
        others = np.flatnonzero(~own)
        tastes = self._tastes(histories.take(others))
        step = max(1, BLOCK_ELEMENTS // max(len(self.drawn), len(self.kept)))
        for start in range(0, len(others), step):
            found[others[start : start + step]] = self._kernel(tastes[start : start + step]) @ self.dual
        found *= (self.counts**self.config.popularity_power).astype(np.float32)
        scores = with_the_rest(found, self.kept, self.fallback_scores)
        scores[self._unkept(histories)] = self.fallback_scores
        return scores

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        return Accounts((Summand("part", "people of your taste chose it", scores),))

    def _chosen(self, histories: Histories) -> sparse.csr_matrix:
        """X (rows, m)."""
        chosen = histories.matrix(len(self.movies))[:, self.kept]
        chosen.data[:] = 1
        return chosen

    def _tastes(self, histories: Histories) -> sparse.csr_matrix:
        """v (rows, m) of those who ask; 0 where no movie is kept."""
        config = self.config
        asked = weighted_matrix(
            histories, len(self.movies), half_life=config.half_life, rating_weight=config.rating_weight
        )
        return self._unit(asked[:, self.kept])

    def _unit(self, weights: sparse.csr_matrix) -> sparse.csr_matrix:
        """Rows weighted by n_i^-b, of length 1; on a copy."""
        v = weights.copy()
        v.data *= (self.counts**-self.config.movie_power).astype(np.float32)[v.indices]
        length = np.sqrt(np.asarray(v.multiply(v).sum(axis=1)).ravel())
        v.data /= np.repeat(np.maximum(length, 1e-12), np.diff(v.indptr)).astype(np.float32)
        return v

    def _kernel(self, tastes: sparse.csr_matrix) -> FloatArray:
        """k (rows, s), in blocks of both."""
        kernel = np.empty((tastes.shape[0], len(self.drawn)), dtype=np.float32)
        step = max(1, BLOCK_ELEMENTS // max(1, len(self.kept)))
        for start in range(0, len(self.drawn), step):
            known = self.tastes[start : start + step].toarray().T
            for row in range(0, len(kernel), step):
                kernel[row : row + step, start : start + step] = tastes[row : row + step].toarray() @ known
        kernel -= 1
        kernel *= np.float32(self.config.sharpness)
        return np.exp(kernel, out=kernel)

    def _unkept(self, histories: Histories) -> NDArray[np.bool_]:
        """(rows,) True where no movie of the history is kept."""
        kept = np.bincount(histories.rows, np.isin(histories.movies, self.kept), len(histories))
        return np.asarray(kept == 0)

    def _state(self) -> dict[str, NDArray[Any]]:
        own: dict[str, NDArray[Any]] = {n: getattr(self, n) for n in ("drawn", "kept", "counts", "dual")}
        return own | {f"tastes_{part}": getattr(self.tastes, part) for part in ("data", "indices", "indptr")}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.drawn, self.kept, self.counts = state["drawn"], state["kept"], state["counts"]
        parts = tuple(state[f"tastes_{part}"] for part in ("data", "indices", "indptr"))
        self.tastes = sparse.csr_matrix(parts, shape=(len(self.drawn), len(self.kept)))
        self.dual = state["dual"]
