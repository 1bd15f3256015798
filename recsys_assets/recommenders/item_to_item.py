"""What models of movie-to-movie weights share: score(u, i) = |w_u|^-a * sum_h w_uh W_hi over u's history, + prior_i.

w says what each movie of a history counts for (`history_weights`), W is dense or sparse. A user of whose movies the
model keeps none is answered by weighted rating.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt
from scipy import sparse

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.closed_form import multiplied
from recsys_assets.recommenders.data import FloatArray, Histories, Ids, IntArray, TrainingData
from recsys_assets.recommenders.history_weights import weighted_matrix
from recsys_assets.recommenders.kept_movies import most_rated, rating_counts, with_the_rest
from recsys_assets.recommenders.pairs import between

Weights: TypeAlias = FloatArray | sparse.csr_matrix


class ItemToItemConfig(BaseModel, extra="forbid"):
    half_life: PositiveFloat | None = 5.0
    """Later movies of the same user after which one counts half; none where taste is taken as constant."""
    rating_weight: float = 0.2
    """What a rating point above the user's mean adds to what a movie counts; 0: only that it was rated."""
    max_movies: PositiveInt = Field(default=20_000, le=46_000)
    """The most rated movies are ranked; the others, and those nobody rated, come last by weighted rating."""


class ItemToItem(Recommender):
    """Scores by what each movie of the history says about every movie."""

    Config: ClassVar[type[ItemToItemConfig]]
    config: ItemToItemConfig
    kept: IntArray
    """(m,) indices of the movies that are ranked."""
    weights: Weights
    """W (m, m)."""
    prior: FloatArray
    """(m,) small, for movies that are known to many; 0 in most models."""

    @abstractmethod
    def _learn(self, chosen: sparse.csr_matrix, counts: IntArray, data: TrainingData) -> Weights:
        """W (m, m) from who chose what (users, m) and how many chose each (m,), at least one each."""

    @property
    def user_exponent(self) -> float:
        return 0.0

    def _fit(self, data: TrainingData) -> None:
        counts = rating_counts(data.histories, len(data.movies))
        self.kept = most_rated(counts, self.config.max_movies)
        if len(self.kept) < np.count_nonzero(counts):
            data.progress(f"{self.name}: ranks the {len(self.kept):,} most rated of {len(counts):,} movies")
        self.prior = np.zeros(len(self.kept), dtype=np.float32)
        chosen = data.histories.matrix(len(data.movies))[:, self.kept]
        chosen.data[:] = 1
        self.weights = self._learn(chosen, counts[self.kept], data)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        x = self._input(histories)
        found = (x @ self.weights).toarray() if sparse.issparse(self.weights) else multiplied(x, self.weights)
        found += self.prior
        scores = with_the_rest(found, self.kept, self.fallback_scores)
        scores[np.diff(x.indptr) == 0] = self.fallback_scores
        return scores

    def _similar(self, movies: IntArray) -> FloatArray:
        """W as it stands where it is above 0; -inf elsewhere."""
        place = np.searchsorted(self.kept, movies)
        known = np.isin(movies, self.kept)
        rows = self.weights[place[known]]
        similar = np.full((len(movies), len(self.movies)), -np.inf, dtype=np.float32)
        dense = rows.toarray() if isinstance(rows, sparse.csr_matrix) else rows
        similar[np.ix_(known, self.kept)] = np.where(dense > 0, dense, -np.inf)
        return similar

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        kept = Ids(self.kept)
        rows, columns = kept.index(movies), kept.index(others)
        similar = np.full((len(movies), len(others)), -np.inf, dtype=np.float32)
        known, there = np.flatnonzero(rows >= 0), np.flatnonzero(columns >= 0)
        said = between(self.weights, rows[known], columns[there]).T
        similar[np.ix_(known, there)] = np.where(said > 0, said, -np.inf)
        return similar

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        weights = self._input(history).toarray()[0]
        places, columns = Ids(self.kept).index(history.movies.astype(np.int64)), Ids(self.kept).index(movies)
        told = (columns >= 0) & bool(weights.any())
        amounts = np.zeros((len(movies), len(places)))
        kept, known = np.flatnonzero(places >= 0), np.flatnonzero(told)
        said = between(self.weights, places[kept], columns[known])
        amounts[np.ix_(known, kept)] = weights[places[kept]] * said
        rest = scores - amounts.sum(axis=1)
        return Accounts.of_ratings(
            self._rated(history),
            amounts,
            Summand("popularity", "known to many", np.where(told, rest, np.nan)),
            Summand("popularity", "too few people rated what this would follow from", np.where(told, np.nan, scores)),
        )

    def _input(self, histories: Histories) -> sparse.csr_matrix:
        """|w_u|^-a w_u of the kept movies (rows, m)."""
        config = self.config
        x = weighted_matrix(
            histories, len(self.movies), half_life=config.half_life, rating_weight=config.rating_weight
        )[:, self.kept]
        if self.user_exponent:
            total = np.maximum(np.asarray(abs(x).sum(axis=1)).ravel(), 1e-9) ** -self.user_exponent
            x.data *= np.repeat(total, np.diff(x.indptr)).astype(np.float32)
        return x

    def _state(self) -> dict[str, NDArray[Any]]:
        own: dict[str, NDArray[Any]] = {"kept": self.kept, "prior": self.prior}
        if not sparse.issparse(self.weights):
            return own | {"weights": self.weights}
        return own | {f"weights_{part}": getattr(self.weights, part) for part in ("data", "indices", "indptr")}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.kept, self.prior = state["kept"], state["prior"]
        if "weights" in state:
            self.weights = state["weights"]
        else:
            parts = tuple(state[f"weights_{part}"] for part in ("data", "indices", "indptr"))
            self.weights = sparse.csr_matrix(parts, shape=(len(self.kept), len(self.kept)))
