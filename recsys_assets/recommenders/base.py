"""The protocol of every recommender, and all of it that is not a model's own maths.

`Recommender` validates, maps ids, masks what a user has seen, answers cold users and batches; how it is fitted, saved
and loaded is in `trainable`. A model file gives `_fit`, `_score`, `_state`/`_restore`, and where it can `_similar` and
`_accounts`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import polars as pl

from recsys_assets.recommenders.accounts import Accounts, Amounts, RatedMovies, Summand
from recsys_assets.recommenders.asked import hidden_pairs, newcomer_history
from recsys_assets.recommenders.checks import RATING_MAX, RATING_MIN
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.newcomers import genres_named, newcomer_route
from recsys_assets.recommenders.ranking import hide, top_k
from recsys_assets.recommenders.results import Explanation, ModelError, Recommendations, Route
from recsys_assets.recommenders.trainable import Trainable

Exclude = Literal["seen", "nothing"]
BLOCK_ELEMENTS = 1 << 24
"""Scores held at once, users x movies: 64 MiB of float32."""


class Recommender(Trainable):
    """A model that ranks all movies for any user, known or not."""

    # -- to be given by a model ------------------------------------------------------------------------------

    @abstractmethod
    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        """Scores (b, n_movies) of every movie for `b` histories, none of them empty.

        `users` (b,): index of the known user each history is of, or -1 for a newcomer whose history was folded in.
        """

    def _similar(self, movies: IntArray) -> FloatArray:
        """Similarity (m, n_movies) of every movie to each of `m` movie indices."""
        raise ModelError(f"{self.name} knows no similar movies; ask `content` instead")

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        """(m, o) similarity of `others` to `movies`, as `_similar` has it; a model that can do with less work does."""
        return np.asarray(self._similar(movies)[:, others], dtype=np.float32)

    @property
    def knows_similar(self) -> bool:
        """Whether `similar` has an answer."""
        return type(self)._similar is not Recommender._similar

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        """Why `movies` (c,), indices, have these `scores` (c,). A model without a better account names itself."""
        return Accounts((Summand("part", f"the {self.name} model's score", scores),))

    def _route(self, n_ratings: int) -> Route:
        """Who answers a user with that many known ratings, at least one, and why."""
        return Route(self.name, f"{n_ratings} of this user's ratings {'is' if n_ratings == 1 else 'are'} known")

    # -- asking ----------------------------------------------------------------------------------------------

    def recommend(
        self,
        users: IntArray,
        k: int,
        *,
        exclude: Exclude = "seen",
        also_exclude: pl.DataFrame | None = None,
        genres: Sequence[str] = (),
    ) -> Recommendations:
        """Top `k` of all movies for each user id, best first. Unknown users are answered by weighted rating.

        `also_exclude` (`user_id, movie_id`): pairs never to be shown, beside what `exclude` says.
        `genres`: what unknown users are shown the best of; those with a history are answered by it.
        """
        self._require_fitted()
        require_k(k)
        users = np.asarray(users, dtype=np.int64)
        known = self.users.index(users)
        ids = np.full((len(users), k), -1, dtype=np.int64)
        values = np.full((len(users), k), -np.inf, dtype=np.float32)
        hidden = None if also_exclude is None else hidden_pairs(also_exclude, self.movies)
        for start, scores in self._score_blocks(known, self.histories, self.newcomers.within(genres)):
            stop = start + len(scores)
            if exclude == "seen":
                hide(scores, self.histories.take(known[start:stop]))
            if hidden is not None:
                hide(scores, hidden[1].take(hidden[0].index(users[start:stop])))
            ids[start:stop], values[start:stop] = self._top(scores, k)
        return Recommendations(users, ids, values, (known < 0) | (self._history_lengths(known) == 0))

    def fold_in(
        self, ratings: pl.DataFrame, k: int, *, exclude: Exclude = "seen", genres: Sequence[str] = ()
    ) -> Recommendations:
        """Top `k` for a newcomer (user id -1) from a few ratings (`movie_id, rating`, optional `timestamp`).

        Nothing is retrained. Movies the model does not know are ignored; none known at all: weighted rating, within
        `genres` where some are named.
        """
        self._require_fitted()
        require_k(k)
        history = self.history_of(ratings)
        scores = self._scores(history, np.array([-1]), self.newcomers.within(genres))
        if exclude == "seen":
            hide(scores, history)
        ids, values = self._top(scores, k)
        return Recommendations(np.array([-1]), ids, values, history.lengths == 0)

    def scores(self, users: IntArray) -> FloatArray:
        """Scores (n, n_movies) of all movies, in the order of `self.movies`; nothing is masked."""
        self._require_fitted()
        users = np.asarray(users, dtype=np.int64)
        known = self.users.index(users)
        blocks = [block for _, block in self._score_blocks(known, self.histories, self.fallback_scores)]
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.movies)), dtype=np.float32)

    def similar(self, movies: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        """Ids and similarities (m, k) of the movies nearest to each movie id, itself left out; -1 where none is."""
        self._require_fitted()
        require_k(k)
        index = self._require_movies(movies)
        scores = self._similar(index).astype(np.float32)
        scores[np.arange(len(index)), index] = -np.inf
        return self._top(scores, k)

    def route(self, n_ratings: int, *, genres: Sequence[str] = ()) -> Route:
        """Who answers a user with so many known ratings, or one who only named genres, and why."""
        self._require_fitted()
        return self._route(n_ratings) if n_ratings else newcomer_route(genres_named(self.catalogue, genres))

    def explain(self, user: int, movie: int, *, genres: Sequence[str] = ()) -> Explanation:
        """Why `movie` has its score for `user`; contributions add up to the score. `genres` as in `recommend`."""
        self._require_fitted()
        known = self.users.index(np.array([user]))
        return self._explanation(self.histories.take(known), int(known[0]), user, movie, genres)

    def explain_fold_in(self, ratings: pl.DataFrame, movie: int, *, genres: Sequence[str] = ()) -> Explanation:
        """`explain` for the newcomer of `fold_in`."""
        self._require_fitted()
        return self._explanation(self.history_of(ratings), -1, -1, movie, genres)

    def accounts(
        self, history: Histories, user: int, movies: IntArray, scores: Amounts, *, genres: Sequence[str] = ()
    ) -> Accounts:
        """Summands of `scores` (c,) of `movies` (c,), both as `_scores` has them for this one `history`.

        `user`: index of the known user whose history it is, or -1. This is `explain` of a whole list at once.
        """
        if history.lengths[0] == 0:
            return self.newcomers.accounts(movies, genres)
        return self._accounts(history, user, movies, scores.astype(np.float64))

    def history_of(self, ratings: pl.DataFrame) -> Histories:
        """One newcomer's ratings (`movie_id, rating`, optional `timestamp`) as a history of known movies."""
        return newcomer_history(ratings, self.movies)

    # -- helpers ---------------------------------------------------------------------------------------------

    def _score_blocks(
        self, known: IntArray, histories: Histories, fallback: FloatArray
    ) -> Iterator[tuple[int, FloatArray]]:
        step = max(1, BLOCK_ELEMENTS // max(1, len(self.movies)))
        for start in range(0, len(known), step):
            block = known[start : start + step]
            yield start, self._scores(histories.take(block), block, fallback)

    def _scores(self, histories: Histories, users: IntArray, fallback: FloatArray) -> FloatArray:
        """`_score` where there is a history, `fallback` (n_movies,) where there is none."""
        warm = np.flatnonzero(histories.lengths > 0)
        scores = np.empty((len(histories), len(self.movies)), dtype=np.float32)
        if len(warm) == len(scores) == 1:
            return np.asarray(self._score(histories, users), dtype=np.float32)
        scores[histories.lengths == 0] = fallback
        if len(warm):
            scores[warm] = self._score(histories.take(warm), users[warm])
        return scores

    def _top(self, scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        index, values = top_k(scores, k)
        padded = np.where(index >= 0, self.movies.values[index], -1)
        return padded, values

    def _explanation(self, history: Histories, known: int, user: int, movie: int, genres: Sequence[str]) -> Explanation:
        column = int(self._require_movies(np.array([movie]))[0])
        score = float(self._scores(history, np.array([known]), self.newcomers.within(genres))[0, column])
        told = self.accounts(history, known, np.array([column]), np.array([score]), genres=genres)
        ordered = sorted(told.reasons(0), key=lambda r: -abs(r.contribution))
        return Explanation(user, movie, score, tuple(ordered), self.route(int(history.lengths[0]), genres=genres))

    def _rated(self, history: Histories) -> RatedMovies:
        """The one history, for reasons that name its movies."""
        return RatedMovies(history.movies.astype(np.int64), history.ratings, self.movies, self.titles)

    def _history_lengths(self, known: IntArray) -> IntArray:
        return np.where(known >= 0, self.histories.lengths[np.maximum(known, 0)] if len(self.users) else 0, 0)

    def _require_movies(self, movies: IntArray) -> IntArray:
        index = self.movies.index(np.asarray(movies, dtype=np.int64))
        if (index < 0).any():
            missing = np.asarray(movies)[index < 0][:5].tolist()
            raise ModelError(
                f"{self.name} does not know movie id {', '.join(map(str, missing))}; "
                "it knows those of the catalogue it was fitted on"
            )
        return index


class RatingPredictor(Recommender):
    """A recommender whose score is a predicted rating."""

    @abstractmethod
    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        """Ratings (n,) of pairs of indices; -1 stands for an unknown user or movie. `at` as in `predict`."""

    def predict(self, users: IntArray, movies: IntArray, *, at: IntArray | None = None) -> FloatArray:
        """Predicted ratings (n,) in rating points, clipped to 0.5-5.0, of pairs of ids, known or not.

        `at` (n,): when each is rated, seconds since 1970 UTC; without it, at the time of the user's last rating. Only
        models of changing tastes look at it.
        """
        self._require_fitted()
        users, movies = np.asarray(users, dtype=np.int64), np.asarray(movies, dtype=np.int64)
        predicted = self._predict(self.users.index(users), self.movies.index(movies), at)
        return np.clip(predicted, RATING_MIN, RATING_MAX).astype(np.float32)


def require_k(k: int) -> None:
    if k < 1:
        raise ModelError(f"asked for the best {k} movies; ask for at least 1")
