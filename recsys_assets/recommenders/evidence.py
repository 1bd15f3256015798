"""What in a user's own history stands behind a recommended movie, for any model.

Some models' reasons name no movie the user has rated ("how it matches this user's taste"). Evidence is looked up beside
them: the rated movies most like the recommended one, by the model's own `similar` where it knows similar movies and by
the overlap of genres (Jaccard) elsewhere, and how the user rates its genres. It explains the movie, not the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories

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
    (column,) = model.movies.index(np.array([movie])).tolist()
    kept = history.movies != column
    if column < 0 or not kept.any():
        return Evidence(model.name if model.knows_similar else SHARED_GENRES, (), ())
    rated, ratings = history.movies[kept].astype(np.int64), history.ratings[kept]
    own = _own_genres(model.catalogue, column, rated)
    if model.knows_similar:
        by, similarity = model.name, np.asarray(model._similar(np.array([column]))[0, rated], dtype=np.float32)
    else:
        by, similarity = SHARED_GENRES, _overlap(model.catalogue, own, rated)
    order = np.lexsort((-np.arange(len(rated)), -ratings, -similarity))[:limit]
    alike = tuple(
        AlikeMovie(int(model.movies.values[rated[p]]), model.titles[rated[p]], float(ratings[p]), float(similarity[p]))
        for p in order.tolist()
        if similarity[p] > 0
    )
    return Evidence(by, alike, _tastes(own, ratings))


def _own_genres(catalogue: pl.DataFrame, movie: int, rated: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Genre of `movie` -> which of `rated` (n,) are of it too."""
    theirs = catalogue["genres"].gather(rated)
    named: list[str] = catalogue["genres"][movie].to_list()
    return {genre: theirs.list.contains(genre).fill_null(value=False).to_numpy() for genre in named}


def _overlap(catalogue: pl.DataFrame, own: dict[str, NDArray[np.bool_]], rated: NDArray[np.int64]) -> FloatArray:
    """Shared genres over genres of either (n,); 0 where neither has any."""
    shared = np.sum([*own.values(), np.zeros(len(rated))], axis=0)
    theirs = catalogue["genres"].gather(rated).list.len().fill_null(0).to_numpy()
    either = len(own) + theirs.astype(np.float64) - shared
    return (shared / np.maximum(either, 1)).astype(np.float32)


def _tastes(own: dict[str, NDArray[np.bool_]], ratings: FloatArray) -> tuple[GenreTaste, ...]:
    tastes = [GenreTaste(g, float(ratings[of].mean()), int(of.sum())) for g, of in own.items() if of.any()]
    return tuple(sorted(tastes, key=lambda taste: (-taste.n_ratings, taste.genre)))
