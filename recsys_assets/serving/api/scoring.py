"""Scores of all movies for one person, by a champion: from the cache, from its history, or folded in.

    alpha given:   (1 - alpha) * z(model) + alpha * z(content),     z(.) of mean 0 and deviation 1 over all movies

Agents blend by themselves (`in_mode`); for every other model the content champion is asked beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys_assets.recommenders import Recommender
from recsys_assets.recommenders.accounts import Accounts, Summand, together
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.serving.api.asks import Person
from recsys_assets.serving.api.served import Served

SPREAD = 1e-6


@dataclass(frozen=True)
class Standing:
    """A person as a model sees them. `known`: index of a user whose history is as the model was fitted on, else -1."""

    history: Histories
    known: int

    @property
    def n_ratings(self) -> int:
        return int(self.history.lengths[0])


@dataclass(frozen=True)
class Scores:
    """`values` (n_movies,), read-only; `accounts` of some columns' values, which add up to them."""

    values: FloatArray
    standing: Standing
    accounts: Callable[[IntArray], Accounts]
    recommender: Recommender
    genres: tuple[str, ...]
    user: int | None = None
    """Whose they are, where nothing but the model and its own data goes in."""


def standing_of(recommender: Recommender, person: Person) -> Standing:
    """The stored history, and what the person brings after it; of two ratings of one movie the one they bring."""
    row = recommender.users.index(np.array([-1 if person.user_id is None else person.user_id]))
    stored = recommender.histories.take(row)
    if not person.ratings:
        return Standing(stored, int(row[0]))
    columns = recommender.movies.index(np.array([r.movie_id for r in person.ratings], dtype=np.int64))
    stars = np.array([r.stars for r in person.ratings], dtype=np.float32)
    newest = {int(column): place for place, column in enumerate(columns) if column >= 0}
    if not newest:
        return Standing(stored, int(row[0]))
    places = np.array(sorted(newest.values()), dtype=np.int64)
    kept = ~np.isin(stored.movies, columns[places])
    after = int(stored.timestamps.max()) + 1 if len(stored.timestamps) else 0
    movies = np.concatenate([stored.movies[kept], columns[places]])
    times = np.concatenate([stored.timestamps[kept], after + places])
    ratings = np.concatenate([stored.ratings[kept], stars[places]])
    history = Histories.from_columns(np.zeros(len(movies), dtype=np.int64), 1, movies, ratings, times)
    return Standing(history, -1)


def score(served: Served, person: Person, *, alpha: float | None, content: Served | None) -> Scores:
    """By `served`, blended with `content` where `alpha` says so and the model does not do it by itself."""
    model = served.recommender
    blends_itself = hasattr(model, "in_mode")
    if alpha is not None and blends_itself:
        model = model.in_mode(alpha=alpha)  # type: ignore[attr-defined]
    standing = standing_of(model, person)
    if alpha is None or blends_itself:
        cache = served.scores if alpha is None and standing.known >= 0 and standing.n_ratings else None
        return _plain(model, standing, person, cache=cache)
    own = _plain(model, standing, person, cache=None)
    if content is None or not standing.n_ratings:
        return own
    other = _plain(content.recommender, standing_of(content.recommender, person), person, cache=None)
    return _blended(own, other, alpha)


def fallback_scores(served: Served, person: Person) -> Scores:
    """The weighted rating; no model is asked."""
    model = served.recommender
    nobody = Standing(model.histories.take(np.array([-1])), -1)
    return Scores(
        model.fallback_scores, nobody, lambda columns: model.newcomers.accounts(columns, ()), model, person.genres
    )


def _plain(model: Recommender, standing: Standing, person: Person, *, cache: object) -> Scores:
    values = None if cache is None else cache.get(person.user_id)  # type: ignore[attr-defined]
    if values is None:
        values = model._scores(standing.history, np.array([standing.known]), model.newcomers.within(person.genres))[0]
        values.setflags(write=False)
        if cache is not None:
            cache.put(person.user_id, values)  # type: ignore[attr-defined]

    def accounts(columns: IntArray) -> Accounts:
        return model.accounts(standing.history, standing.known, columns, values[columns], genres=person.genres)

    return Scores(values, standing, accounts, model, person.genres, None if cache is None else person.user_id)


def _blended(own: Scores, other: Scores, alpha: float) -> Scores:
    """Both standardized; the content champion may know other movies: those it lacks count as average."""
    columns = other.recommender.movies.index(own.recommender.movies.values)
    theirs = np.where(columns >= 0, other.values[columns], np.nan).astype(np.float32)
    mean, spread = float(np.nanmean(theirs)), max(float(np.nanstd(theirs)), SPREAD)
    my_mean, my_spread = float(own.values.mean()), max(float(own.values.std()), SPREAD)
    mine = (1 - alpha) * (own.values - my_mean) / my_spread
    values = (mine + alpha * np.nan_to_num((theirs - mean) / spread)).astype(np.float32)

    def accounts(asked: IntArray) -> Accounts:
        told = [own.accounts(asked).scaled((1 - alpha) / my_spread)] if alpha < 1 else []
        known = np.flatnonzero(columns[asked] >= 0)
        if alpha and len(known):
            by_content = other.accounts(columns[asked[known]]).scaled(alpha / spread, "by content: ")
            told.append(by_content.spread(known, len(asked)))
        level = values[asked] - sum((account.totals() for account in told), np.zeros(len(asked)))
        return together([*told, Accounts((Summand("bias", "measured against the average movie", level),))])

    return Scores(values, own.standing, accounts, own.recommender, own.genres)
