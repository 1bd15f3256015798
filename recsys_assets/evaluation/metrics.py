"""How good a ranked list or a predicted rating is, for all users at once.

Relevance is binary: a movie of the scored part is relevant, whatever its rating. With L the list of a user, R the set
of relevant movies and hit(p) = 1 where the movie at position p (from 1) is in R, else 0:

    HR@k        = 1 where any hit(p), p <= k
    Precision@k = sum(hit(p), p <= k) / k, also where fewer than k movies could be shown
    Recall@k    = sum(hit(p), p <= k) / |R|
    MRR@k       = 1 / (position of the first hit), 0 without one in the first k
    NDCG@k      = sum(hit(p) / log2(p + 1), p <= k) / sum(1 / log2(p + 1), p <= min(k, |R|))

Järvelin and Kekäläinen (TOIS 2002) for NDCG. Errors of ratings are in rating points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.recommenders.data import Ids, IntArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Hits:
    """Where the lists of n users hit. `at` (n, k) bool, best position first; `relevant` (n,) = |R|, at least 1."""

    at: NDArray[np.bool_]
    relevant: IntArray

    def first(self, k: int) -> NDArray[np.bool_]:
        """The first k positions (n, k)."""
        if not 1 <= k <= self.at.shape[1]:
            raise EvaluationError(
                f"metrics at {k} were asked of lists of length {self.at.shape[1]}; k is from 1 to that"
            )
        return self.at[:, :k]


def find_hits(users: IntArray, ranked: IntArray, relevant_users: IntArray, relevant_movies: IntArray) -> Hits:
    """Compare lists `ranked` (n, k), -1 where nothing was shown, of `users` (n,) with the relevant pairs (m,), (m,).

    Refused: a user listed twice, a movie twice in a list, a pair twice or of nobody listed, a user without any.
    """
    _require_unique_movies(users, ranked)
    people, movies = Ids.of(users), Ids.of(relevant_movies)
    if len(people) < len(users):
        raise EvaluationError("a user has two lists; give each user once")
    rows = people.index(relevant_users)
    if (rows < 0).any():
        raise EvaluationError(f"user {np.asarray(relevant_users)[rows < 0][0]} has relevant movies but no list")
    wanted = rows * len(movies) + movies.index(relevant_movies)
    if len(np.unique(wanted)) < len(wanted):
        raise EvaluationError("a relevant pair is given twice; keep one event per user and movie")
    own = people.index(users)
    counts = np.bincount(rows, minlength=len(people))[own]
    if (counts == 0).any():
        raise EvaluationError(f"user {users[counts == 0][0]} has no relevant movie, so nothing can be scored")
    column = movies.index(ranked)
    at = (column >= 0) & np.isin(own[:, None] * len(movies) + column, wanted)
    return Hits(at, counts)


def hit_rate(hits: Hits, k: int) -> Values:
    """HR@k (n,)."""
    return np.asarray(hits.first(k).any(axis=1), dtype=np.float64)


def precision(hits: Hits, k: int) -> Values:
    """Precision@k (n,)."""
    return np.asarray(hits.first(k).sum(axis=1) / k, dtype=np.float64)


def recall(hits: Hits, k: int) -> Values:
    """Recall@k (n,)."""
    return np.asarray(hits.first(k).sum(axis=1) / hits.relevant, dtype=np.float64)


def reciprocal_rank(hits: Hits, k: int) -> Values:
    """MRR@k of each user (n,)."""
    shown = hits.first(k)
    return np.where(shown.any(axis=1), 1.0 / (1 + shown.argmax(axis=1)), 0.0)


def ndcg(hits: Hits, k: int) -> Values:
    """NDCG@k (n,)."""
    shown = hits.first(k)
    gain = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(gain)[np.minimum(hits.relevant, k) - 1]
    return np.asarray(np.minimum(shown @ gain / ideal, 1.0), dtype=np.float64)


METRICS: Mapping[str, Callable[[Hits, int], Values]] = {
    "hit_rate": hit_rate,
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "mrr": reciprocal_rank,
}
"""Field of `RankingMetrics` -> its value for each user."""


def mean_squared_error(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """MSE = mean((predicted - actual)^2)."""
    return float(np.mean(np.square(_errors(predicted, actual))))


def root_mean_squared_error(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """RMSE = sqrt(MSE)."""
    return float(np.sqrt(mean_squared_error(predicted, actual)))


def mean_absolute_error(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """MAE = mean(|predicted - actual|)."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def _errors(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> Values:
    if len(predicted) != len(actual) or len(actual) == 0:
        raise EvaluationError(
            f"{len(predicted)} predictions for {len(actual)} ratings; give one for each, at least one"
        )
    return np.asarray(predicted, dtype=np.float64) - np.asarray(actual, dtype=np.float64)


def _require_unique_movies(users: IntArray, ranked: IntArray) -> None:
    ordered = np.sort(ranked, axis=1)
    repeated = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if repeated.any():
        row, column = np.argwhere(repeated)[0]
        raise EvaluationError(f"the list of user {users[row]} shows movie {ordered[row, column]} twice")
