"""Content: movies described like those the user liked, by TF-IDF over several fields.

Each field f of movie i gives an L2-normalized TF-IDF vector t_fi. With weights w_f, a movie is the normalized
concatenation x_i of sqrt(w_f) * t_fi, so that x_i . x_j is the weighted mean of the fields' cosines.
With a_h how much the user liked movie h of their history,

    score(i) = sum_h a_h (x_h . x_i) / sum_h |a_h| + prior * log(1 + votes_i) / log(1 + max votes)

whose first part is the cosine profile of Pazzani and Billsus (The Adaptive Web, 2007), and whose second,
small, breaks ties in favour of movies that more people know. Movies nobody rated are reached by the first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveInt
from scipy import sparse

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.content_fields import FieldWeights, movie_vectors
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData

PROFILE_ELEMENTS = 1 << 23
"""Profile values held at once, users x terms: 32 MiB of float32."""


class ContentConfig(BaseModel, extra="forbid"):
    weights: FieldWeights = FieldWeights()
    """Share of each field in the similarity of two movies."""
    interest: float = 0.0
    """Rating points added to every a_h: what having chosen a movie says, whatever its rating."""
    newcomer_ratings: NonNegativeFloat = 5.0
    """Ratings of 3 that a user's mean is shrunk by: with few ratings, liked is what is above 3."""
    half_life: PositiveInt | None = None
    """Movies after which an older one counts half; none where taste is taken as constant."""
    prior: float = Field(default=0.1, ge=0)
    """Score of the most rated movie for being known: decides between about equally fitting movies."""


class Content(Recommender):
    """Movies like those a user liked."""

    name = "content"
    Config = ContentConfig
    config: ContentConfig

    def _fit(self, data: TrainingData) -> None:
        self._keep(movie_vectors(data.catalogue, self.config.weights))
        votes = np.log1p(np.bincount(data.histories.movies, minlength=len(data.movies)))
        self.prior = (self.config.prior * votes / max(votes.max(), 1.0)).astype(np.float32)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        liked = self._liked(histories)
        scores = np.empty((len(histories), len(self.movies)), dtype=np.float32)
        step = max(1, PROFILE_ELEMENTS // max(1, self.vectors.shape[1]))
        for start in range(0, len(histories), step):
            profiles = (liked[start : start + step] @ self.vectors).toarray()
            scores[start : start + step] = (self.vectors @ profiles.T).T
        return scores + self.prior

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosines; -inf where nothing is shared."""
        cosines = (self.vectors[movies] @ self.vectors_t).toarray()
        return np.where(cosines > 0, cosines, -np.inf).astype(np.float32)

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        cosines = (self.vectors[movies] @ self.vectors[others].T).toarray()
        return np.where(cosines > 0, cosines, -np.inf).astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        liked = self._liked(history).toarray()[0][history.movies]
        cosines = (self.vectors[movies] @ self.vectors[history.movies].T).toarray()
        amounts = (liked * cosines).astype(np.float64)
        known = Summand("popularity", "known to many", scores - amounts.sum(axis=1))
        return Accounts.of_ratings(self._rated(history), amounts, known)

    def _liked(self, histories: Histories) -> sparse.csr_matrix:
        """a_h / sum |a_h| as a (rows, n_movies) matrix."""
        rows, n = histories.rows, histories.lengths
        mean = (np.bincount(rows, histories.ratings, len(n)) + 3 * self.config.newcomer_ratings) / (
            n + self.config.newcomer_ratings
        )
        liked = histories.ratings - mean[rows] + self.config.interest
        if self.config.half_life is not None:
            age = histories.indptr[rows + 1] - 1 - np.arange(len(rows))
            liked *= 0.5 ** (age / self.config.half_life)
        total = np.bincount(rows, np.abs(liked), len(n))
        liked /= np.maximum(total, 1e-9)[rows]
        return replace(histories, ratings=liked.astype(np.float32)).matrix(len(self.movies))

    def _keep(self, vectors: sparse.csr_matrix) -> None:
        self.vectors, self.vectors_t = vectors, vectors.T.tocsr()

    def _state(self) -> dict[str, NDArray[Any]]:
        arrays = {name: getattr(self.vectors, name) for name in ("data", "indices", "indptr")}
        return arrays | {"shape": np.array(self.vectors.shape), "prior": self.prior}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        parts = (state["data"], state["indices"], state["indptr"])
        self._keep(sparse.csr_matrix(parts, shape=tuple(state["shape"])))
        self.prior = state["prior"]
