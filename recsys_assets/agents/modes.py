"""Modes of the agent: blended with content, and biased to genres that somebody names.

    score = (1 - alpha) * z(Q) + alpha * z(likeness) + bias * cos(genres of the movie, genres named)

with z(.) of mean 0 and deviation 1 over all movies, so that neither part wins by its scale. The likeness is the cosine
of a movie's content to what the user rated, each movie weighted by its stars above or below the middle of the scale.
Every part is a sum over something a person knows (a movie they rated, a genre they named), and is explained as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.recommenders.accounts import Accounts, OfRatings, RatedMovies, Summand, only_largest, together
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.newcomers import genres_named, movies_of_genre

MIDDLE_STARS = 3.0
"""A movie rated above it counts as liked, below as disliked, in the likeness of content."""
NAMED = 5
"""Ratings that an explanation names one by one, the weightiest; the others are summed up."""


@dataclass(frozen=True)
class Mode:
    """`closeness` (n,): cosine of each movie's genres to those named; 0 where none are."""

    alpha: float
    bias: float
    genres: tuple[str, ...]
    content: FloatArray
    """(n, d) movies' content, centred, of length 1 or 0."""
    closeness: FloatArray

    @classmethod
    def of(
        cls, catalogue: pl.DataFrame, content: FloatArray, *, alpha: float, bias: float, genres: Sequence[str]
    ) -> Mode:
        """Raises ModelError for a genre that no movie has."""
        named = genres_named(catalogue, genres)
        return cls(alpha, bias, named, content, closeness_to(catalogue, named))

    @property
    def plain(self) -> bool:
        """Nothing is added to Q, and its scale is kept."""
        return not self.alpha and not self.genres

    def blended(self, q: FloatArray, histories: Histories) -> FloatArray:
        """Scores (b, n) of values (b, n) of the same users."""
        if self.plain:
            return q
        own, other = standardized(q), standardized(self._likeness(histories))
        return ((1 - self.alpha) * own + self.alpha * other + self.bias * self.closeness).astype(np.float32)

    def accounts(
        self, q: FloatArray, of_q: Accounts, rated: RatedMovies, movies: IntArray, history: Histories
    ) -> Accounts:
        """Summands of the blended scores of `movies` (c,); `of_q` are those of their `q`, values (n,) of all movies."""
        if self.plain:
            return of_q
        share = (1 - self.alpha) / float(spread(q[None])[0, 0])
        found, level = [of_q.scaled(share)], -share * float(q.mean())
        if self.alpha:
            likeness = self._likeness(history)
            scale = self.alpha / float(spread(likeness)[0, 0])
            parts = scale * self._likeness_by_rating(history, movies).astype(np.float64)
            found.append(named(OfRatings(rated, parts, "in genres, plot and renown, like ")))
            level -= scale * float(likeness.mean())
        others = [Summand("bias", "measured against the average movie", np.full(len(movies), level))]
        if self.genres:
            label = f"of the genres asked for: {', '.join(self.genres)}"
            others.append(Summand("genre", label, self.bias * self.closeness[movies].astype(np.float64)))
        return together([*found, Accounts(tuple(others))])

    def _likeness(self, histories: Histories) -> FloatArray:
        """(b, n) cosines."""
        profiles = self._profiles(histories)
        return np.asarray(profiles / _length(profiles) @ self.content.T, dtype=np.float32)

    def _likeness_by_rating(self, history: Histories, movies: IntArray) -> FloatArray:
        """(c, r) what each rating of one user adds to the likeness of `movies` (c,)."""
        weights = (history.ratings - MIDDLE_STARS) / _length(self._profiles(history))[0, 0]
        parts: FloatArray = weights * (self.content[movies] @ self.content[history.movies].T)
        return parts

    def _profiles(self, histories: Histories) -> FloatArray:
        liked = histories.matrix(len(self.content))
        liked.data = liked.data - MIDDLE_STARS
        return np.asarray(liked @ self.content)


def named(of: OfRatings) -> Accounts:
    """One reason for each of the weightiest ratings, and one for all others together."""
    return only_largest(of, NAMED, of.how + "{} other movies you rated")


def closeness_to(catalogue: pl.DataFrame, genres: Sequence[str]) -> FloatArray:
    """(n,) cosine between the genres of each movie and `genres`, all weighing the same."""
    if not genres:
        return np.zeros(len(catalogue), dtype=np.float32)
    shared = np.sum([movies_of_genre(catalogue, genre) for genre in genres], axis=0)
    own = catalogue["genres"].list.len().fill_null(0).to_numpy()
    return np.asarray(shared / np.sqrt(np.maximum(own, 1) * len(genres)), dtype=np.float32)


def standardized(scores: FloatArray) -> FloatArray:
    """Of mean 0 and deviation 1 in each row."""
    scaled: FloatArray = (scores - scores.mean(axis=1, keepdims=True)) / spread(scores)
    return scaled


def spread(scores: FloatArray) -> FloatArray:
    """(b, 1) standard deviation of each row."""
    return np.maximum(scores.std(axis=1, keepdims=True), 1e-6)


def _length(rows: FloatArray) -> FloatArray:
    return np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
