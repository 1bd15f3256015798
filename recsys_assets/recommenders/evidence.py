"""What in a user's own history stands behind a recommended movie, for any model.

Some models' reasons name no movie the user has rated ("how it matches this user's taste"). Evidence is looked up beside
them: the rated movies most like the recommended one, by the model's own `similar` where it knows similar movies and by
the overlap of genres (Jaccard) elsewhere, and how the user rates its genres. It explains the movie, not the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.genre_table import GenreTable

SHARED_GENRES = "shared genres"
"""`Evidence.by` of models that know no similar movies."""


@dataclass(frozen=True)
class AlikeMovie:
    """A movie of the history."""

    movie_id: int
    title: str
    rating: float
    similarity: float


@dataclass(frozen=True)
class GenreTaste:
    """How a user rates a genre of the recommended movie."""

    genre: str
    mean_rating: float
    n_ratings: int


@dataclass(frozen=True)
class Evidence:
    """Both lists may be empty: of a newcomer, or of a movie unlike all that was rated."""

    by: str
    """Whose similarity it is: a model's, by its name, or `SHARED_GENRES`."""
    movies: tuple[AlikeMovie, ...]
    """Most alike first; of equally alike ones the better rated first, then the later."""
    genres: tuple[GenreTaste, ...]
    """Genres with at least one rating, the most rated first."""


def evidence(model: Recommender, user: int, movie: int, *, limit: int = 3) -> Evidence:
    """What a known user's history holds for `movie`, which itself never counts; both are published ids."""
    return evidence_in(model, model.histories.take(model.users.index(np.array([user]))), movie, limit=limit)


def evidence_in(model: Recommender, history: Histories, movie: int, *, limit: int = 3) -> Evidence:
    """`evidence` of one history, say of `model.history_of(ratings)` of a newcomer."""
    column = model.movies.index(np.array([movie]))
    return evidence_of_list(model, history, column, limit=limit)[0] if column[0] >= 0 else Evidence(_by(model), (), ())


def evidence_of_list(model: Recommender, history: Histories, movies: IntArray, *, limit: int = 3) -> list[Evidence]:
    """`evidence_in` of each of `movies` (c,), indices; all of them at once."""
    if len(history.movies) == 0 or len(movies) == 0:
        return [Evidence(_by(model), (), ())] * len(movies)
    other = history.movies != movies[:, None]  # (c, r)
    similarity = np.where(other, _similarities(model, movies, history.movies.astype(np.int64)), -np.inf)
    better, later = np.broadcast_arrays(-history.ratings, -np.arange(len(history.movies)))
    keys = np.stack([np.broadcast_to(later, other.shape), np.broadcast_to(better, other.shape), -similarity])
    best = np.lexsort(keys, axis=1)[:, :limit]
    tastes = _tastes(model.newcomers.genres, movies, history, other)
    return [
        Evidence(_by(model), tuple(_alike(model, history, places, row)), told)
        for places, row, told in zip(best.tolist(), similarity, tastes, strict=True)
    ]


def _by(model: Recommender) -> str:
    return model.name if model.knows_similar else SHARED_GENRES


def _alike(model: Recommender, history: Histories, places: list[int], similarity: FloatArray) -> Iterator[AlikeMovie]:
    for place in places:
        if similarity[place] > 0:
            movie, rating = int(history.movies[place]), float(history.ratings[place])
            yield AlikeMovie(int(model.movies.values[movie]), model.titles[movie], rating, float(similarity[place]))


def _similarities(model: Recommender, movies: IntArray, rated: IntArray) -> FloatArray:
    """(c, r) the model's own, or shared genres over genres of either; 0 where neither has any."""
    if model.knows_similar:
        return model._similar_to(movies, rated)
    table = model.newcomers.genres.of.astype(np.float32)
    ours, theirs = table[:, movies], table[:, rated]
    shared = ours.T @ theirs
    either = ours.sum(axis=0)[:, None] + theirs.sum(axis=0) - shared
    return np.asarray(shared / np.maximum(either, 1), dtype=np.float32)


def _tastes(
    genres: GenreTable, movies: IntArray, history: Histories, other: NDArray[np.bool_]
) -> list[tuple[GenreTaste, ...]]:
    """How the user rates the genres of each of `movies` (c,), by the ratings of `other` (c, r) movies."""
    theirs = genres.of[:, history.movies].astype(np.float64)
    n = other @ theirs.T
    stars = (other * history.ratings.astype(np.float64)) @ theirs.T
    found = []
    for row, movie in enumerate(movies.tolist()):
        mine = np.flatnonzero(genres.of[:, movie] & (n[row] > 0)).tolist()
        told = [GenreTaste(genres.names[g], float(stars[row, g] / n[row, g]), int(n[row, g])) for g in mine]
        found.append(tuple(sorted(told, key=lambda taste: (-taste.n_ratings, taste.genre))))
    return found
