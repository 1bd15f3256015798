"""Markov: what is watched soon after the last movies, counted over several hops in both directions.

With C the weighted counts of `transitions` and n_i the number of ratings of movie i,

    T[h, i] = C[h, i] / ((n_h + shrinkage)^a (n_i + shrinkage)^b),    w_p = recency^(events after the moment of p)

    score(i | history) = sum_p w_p T[movie_p, i] + prior * log(1 + n_i) / log(1 + max n)

Counting movies that are two and more steps apart follows Shani, Heckerman and Brafman (JMLR 2005); counting backwards
too is right where people rate what a site lists together, whose order says little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.history_weights import ages
from recsys_assets.recommenders.pairs import between
from recsys_assets.recommenders.transitions import Weighing, keep_largest, transition_counts


class MarkovConfig(BaseModel, extra="forbid"):
    """Defaults tuned on leave-one-out validation of ml-100k and ml-latest-small together."""

    window: PositiveInt = 15
    """Most steps between two movies that are counted as a pair."""
    decay: float = Field(default=0.9, gt=0, le=1)
    """What a pair counts for with each step more between its movies."""
    backward: float = Field(default=0.75, ge=0, le=1)
    """What a pair counts for in the direction against time; 0: only what came later."""
    gap_scale: PositiveFloat | None = None
    """Seconds between two movies from which on their pair counts less, by a logarithm; none: only steps matter."""
    history_exponent: NonNegativeFloat = 0.5
    """a: 1 makes rows shares, so that each movie of the history has one vote."""
    movie_exponent: NonNegativeFloat = 0.5
    """b: larger prefers the movies that few rated."""
    shrinkage: NonNegativeFloat = 5.0
    """Trusts movies less that few rated."""
    recency: float = Field(default=0.7, gt=0, le=1)
    """What a movie of the history counts for with each one rated at a later moment."""
    age: Literal["moments", "events"] = "moments"
    """What is later: events of a later moment, or any later event, movies of one moment in a random order."""
    depth: PositiveInt = 100
    """Last movies of a history that are looked at."""
    rating_weight: float = 0.0
    """What a rating point above the user's mean adds to the logarithm of what a movie of the history counts for."""
    prior: NonNegativeFloat = 1e-4
    """Score of the most rated movie for being known: orders what no transition reaches."""
    neighbours: PositiveInt = 2000
    """Largest T of each movie that are kept: 45,000 movies then take at most 720 MB."""


class Markov(Recommender):
    """What others watched around the last movies."""

    name = "markov"
    Config = MarkovConfig
    config: MarkovConfig
    transitions: sparse.csr_matrix
    """T (n_movies, n_movies)."""

    def _fit(self, data: TrainingData) -> None:
        c = self.config
        n_movies = len(data.movies)
        weighing = Weighing(c.window, c.decay, c.backward, c.gap_scale)
        counts = transition_counts(data.histories, n_movies, weighing, data.progress, neighbours=c.neighbours)
        rated = np.bincount(data.histories.movies, minlength=n_movies)
        size = np.maximum(rated + c.shrinkage, 1e-9)
        rows = np.repeat(np.arange(n_movies), np.diff(counts.indptr))
        counts.data *= (size[rows] ** -c.history_exponent * size[counts.indices] ** -c.movie_exponent).astype(
            np.float32
        )
        self.transitions = keep_largest(counts, c.neighbours)
        known = np.log1p(rated)
        self.prior = (c.prior * known / max(known.max(), 1.0)).astype(np.float32)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        attention = self._attention(histories)
        if len(histories) == 1:  # the same sums, without making a sparse row of them
            found = (self.transitions[attention.indices].T @ attention.data)[None]
        else:
            found = (attention @ self.transitions).toarray()
        return np.asarray(found + self.prior, dtype=np.float32)

    def _similar(self, movies: IntArray) -> FloatArray:
        """T as it stands where it is above 0: what is watched around the movie; -inf elsewhere."""
        near = self.transitions[movies].toarray()
        return np.where(near > 0, near, -np.inf).astype(np.float32)

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        near = between(self.transitions, movies, others).T
        return np.where(near > 0, near, -np.inf)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        attention = self._attention(history).toarray()[0][history.movies]
        seen = np.flatnonzero(attention)
        amounts = np.zeros((len(movies), len(attention)))
        amounts[:, seen] = attention[seen] * between(self.transitions, history.movies[seen].astype(np.int64), movies)
        known = Summand("popularity", "known to many", scores - amounts.sum(axis=1))
        return Accounts.of_ratings(self._rated(history), amounts, known)

    def _attention(self, histories: Histories) -> sparse.csr_matrix:
        """w as a (rows, n_movies) matrix."""
        c, rows = self.config, histories.rows
        events_after = histories.indptr[rows + 1] - 1 - np.arange(len(rows))
        later = ages(histories) if c.age == "moments" else events_after
        weights = c.recency ** np.minimum(later, c.depth).astype(np.float64)
        if c.rating_weight:
            mean = np.bincount(rows, histories.ratings, len(histories)) / np.maximum(histories.lengths, 1)
            weights *= np.exp(c.rating_weight * (histories.ratings - mean[rows]))
        weights[later >= c.depth] = 0
        matrix = replace(histories, ratings=weights.astype(np.float32)).matrix(len(self.movies))
        matrix.eliminate_zeros()
        return matrix

    def _state(self) -> dict[str, NDArray[Any]]:
        arrays = {name: getattr(self.transitions, name) for name in ("data", "indices", "indptr")}
        return arrays | {"prior": self.prior}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        n = len(state["prior"])
        parts = (state["data"], state["indices"], state["indptr"])
        self.transitions = sparse.csr_matrix(parts, shape=(n, n))
        self.prior = state["prior"]
