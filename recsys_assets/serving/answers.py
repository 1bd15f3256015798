"""Lists with titles and reasons, from an exported champion alone: no MLflow, no warehouse, no Dagster."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
import polars as pl

from recsys_assets.recommenders import Explanation, ModelError, Reason, Recommendations, Recommender, Route, load_model
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.evidence import SHARED_GENRES, Evidence, evidence_in
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry.export import champion_path
from recsys_assets.settings import Settings

REASONS_SHOWN, EVIDENCE_SHOWN = 3, 2
NOTHING_BESIDE = 0.01
"""Share of the largest reason from which another one is told."""
NEWCOMER = -1
"""The user id of lists for somebody who has none."""


class TitleNotFoundError(Exception):
    """No movie of that title; the message lists near ones."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody without a user id, who names titles or genres instead."""

    ratings: tuple[tuple[str, float], ...] = ()
    """Titles as in `find_title`, with the ratings given."""
    genres: tuple[str, ...] = ()
    """What to show the best of where no title is named."""


@dataclass(frozen=True)
class AnsweringMode:
    """How an agent is to answer, for this one list; what is None stays as it was trained."""

    alpha: float | None = None
    """Weight of likeness of content beside what the agent learned, 0-1."""
    genres: tuple[str, ...] | None = None
    """Whose movies are raised."""
    genre_bias: float | None = None
    """By how many standard deviations of the scores."""

    def of(self, recommender: Recommender) -> Recommender:
        """`recommender` in this mode; itself where nothing is asked. Raises ModelError for one that has no modes."""
        if self == AnsweringMode():
            return recommender
        if not isinstance(recommender, HasModes):
            raise ModelError(
                f"{recommender.name} answers in one way only; agents have modes, so name one: --model dqn_agent"
            )
        asked: Recommender = recommender.in_mode(alpha=self.alpha, genres=self.genres, genre_bias=self.genre_bias)
        return asked


@runtime_checkable
class HasModes(Protocol):
    """`agents.answering.SessionAgent`, which is not loaded to answer from other models."""

    def in_mode(
        self, *, alpha: float | None = None, genres: Sequence[str] | None = None, genre_bias: float | None = None
    ) -> Self: ...


AS_TRAINED = AnsweringMode()


@dataclass(frozen=True)
class RecommendedMovie:
    """One line of a list."""

    position: int
    movie_id: int
    title: str
    genres: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]
    evidence: Evidence | None = None
    """What the user's own history holds for it, where no reason shown names a movie of theirs."""


@dataclass(frozen=True)
class RecommendationList:
    """What a user is shown, and by whom."""

    user_id: int
    model: str
    data_version: str
    fallback: bool
    """The user is unknown; what most people rate well is shown."""
    answered_by: Route
    """Which model gave the scores, and why it was that one."""
    movies: tuple[RecommendedMovie, ...]


def load_champion(settings: Settings, model: str | None = None) -> tuple[Recommender, str]:
    """The exported champion `model`, or the default one, and the data version it was fitted on."""
    path = champion_path(settings, model)
    return load_model(path), read_manifest(path).get("data_version", "unknown")


def recommend(
    settings: Settings, user: int, k: int, *, model: str | None = None, mode: AnsweringMode = AS_TRAINED
) -> RecommendationList:
    """The `k` movies recommended to a user, each with the reasons its score is made of."""
    recommender, data_version = load_champion(settings, model)
    return list_for(mode.of(recommender), data_version, user, k)


def list_for(
    recommender: Recommender, data_version: str, user: int, k: int, *, reasons: bool = True
) -> RecommendationList:
    """`recommend` with a champion that is loaded already; reasons take some models a tenth of a second a movie."""
    listed = recommender.recommend(np.array([user]), k)
    history = recommender.histories.take(recommender.users.index(np.array([user])))
    explain = (lambda movie: recommender.explain(user, movie)) if reasons else None
    shown = _with_reasons(recommender, listed, history, explain)
    route = recommender.route(int(history.lengths[0]))
    return RecommendationList(user, recommender.name, data_version, bool(listed.fallback[0]), route, shown)


def recommend_newcomer(
    settings: Settings, newcomer: Newcomer, k: int, *, model: str | None = None, mode: AnsweringMode = AS_TRAINED
) -> RecommendationList:
    """The `k` movies recommended to somebody the champion was not fitted on; nothing is retrained."""
    recommender, data_version = load_champion(settings, model)
    recommender = mode.of(recommender)
    ratings, genres = ratings_of(newcomer, recommender.catalogue), newcomer.genres
    listed = recommender.fold_in(ratings, k, genres=genres)
    history = recommender.history_of(ratings)
    shown = _with_reasons(
        recommender, listed, history, lambda movie: recommender.explain_fold_in(ratings, movie, genres=genres)
    )
    route = recommender.route(len(ratings), genres=genres)
    return RecommendationList(NEWCOMER, recommender.name, data_version, bool(listed.fallback[0]), route, shown)


def ratings_of(newcomer: Newcomer, catalogue: pl.DataFrame) -> pl.DataFrame:
    """`movie_id, rating` of the titles named; refuses unknown titles and two names of one movie."""
    movies: dict[int, str] = {}
    for title, _ in newcomer.ratings:
        movie = find_title(catalogue, title)
        if movie in movies:
            raise ModelError(f"{movies[movie]!r} and {title!r} are one movie; name it once")
        movies[movie] = title
    return pl.DataFrame(
        {"movie_id": list(movies), "rating": [rating for _, rating in newcomer.ratings]},
        schema={"movie_id": pl.Int64, "rating": pl.Float32},
    )


def similar(settings: Settings, title: str, k: int, *, model: str = "content") -> tuple[str, list[RecommendedMovie]]:
    """The `k` movies nearest to a title (`Toy Story (1995)`, case and year optional), and the title as listed."""
    recommender, _ = load_champion(settings, model)
    movie = find_title(recommender.catalogue, title)
    ids, scores = recommender.similar(np.array([movie]), k)
    movies = [int(m) for m in ids[0] if m >= 0]
    rows = _catalogue_rows(recommender, [movie, *movies])
    near = [
        RecommendedMovie(place, m, rows[m][0], rows[m][1], float(scores[0, place - 1]), ())
        for place, m in enumerate(movies, start=1)
    ]
    return rows[movie][0], near


def find_title(catalogue: pl.DataFrame, title: str) -> int:
    """Movie id of `Title`, `Title (year)` or an id in digits; the newest where a bare title names several."""
    wanted = title.strip().casefold()
    year = re.search(r"\((\d{4})\)$", wanted)
    bare = re.sub(r"\s*\(\d{4}\)$", "", wanted)
    named = catalogue.filter(pl.col("title").str.to_lowercase() == bare)
    if year:
        named = named.filter(pl.col("year") == int(year.group(1)))
    if len(named):
        return int(named.sort("year", descending=True, nulls_last=True)["movie_id"][0])
    if wanted.isdigit() and len(catalogue.filter(pl.col("movie_id") == int(wanted))):
        return int(wanted)
    near = difflib.get_close_matches(bare, catalogue["title"].str.to_lowercase().to_list(), n=3, cutoff=0.6)
    shown = catalogue.filter(pl.col("title").str.to_lowercase().is_in(near))["title"].to_list()[:3]
    raise TitleNotFoundError(
        f"no movie is called {title!r}" + (f"; did you mean {' or '.join(map(repr, shown))}?" if shown else "")
    )


def reasons_in_words(explanation: Explanation, limit: int = REASONS_SHOWN) -> tuple[str, ...]:
    """The largest summands of a score as short sentences."""
    return tuple(_sentence(reason) for reason in _reasons_shown(explanation, limit))


def evidence_in_words(evidence: Evidence | None, limit: int = EVIDENCE_SHOWN) -> tuple[str, ...]:
    """At most two short sentences: the most alike movies of the user's own, and how they rate its genres."""
    if evidence is None:
        return ()
    near = "shares genres with" if evidence.by == SHARED_GENRES else "like"
    alike = ", and ".join(f"{m.title}, which you gave {m.rating:g}" for m in evidence.movies[:limit])
    tastes = " and ".join(
        f"{t.n_ratings} {t.genre} {'movie' if t.n_ratings == 1 else 'movies'} {t.mean_rating:.1f}"
        for t in evidence.genres[:limit]
    )
    said = (alike and f"{near} {alike}", tastes and f"you gave {tastes} on average")
    return tuple(sentence for sentence in said if sentence)


def _with_reasons(
    recommender: Recommender, listed: Recommendations, history: Histories, explain: Callable[[int], Explanation] | None
) -> tuple[RecommendedMovie, ...]:
    """The first list of `listed`, each movie with its title and, where it is explained, why it is there."""
    movies = [int(m) for m in listed.movies[0] if m >= 0]
    rows = _catalogue_rows(recommender, movies)
    explained = [explain(movie) if explain is not None else None for movie in movies]
    return tuple(
        RecommendedMovie(
            position=place,
            movie_id=movie,
            title=rows[movie][0],
            genres=rows[movie][1],
            score=float(listed.scores[0, place - 1]),
            reasons=reasons_in_words(why) if why is not None else (),
            evidence=None if why is None or _names_history(why) else evidence_in(recommender, history, movie),
        )
        for place, (movie, why) in enumerate(zip(movies, explained, strict=True), start=1)
    )


def _names_history(explanation: Explanation) -> bool:
    return any(reason.kind == "history" for reason in _reasons_shown(explanation, REASONS_SHOWN))


def _reasons_shown(explanation: Explanation, limit: int) -> list[Reason]:
    """What raises the score, but for what is nothing beside the largest; where nothing raises it, what there is."""
    least = NOTHING_BESIDE * max((r.contribution for r in explanation.reasons), default=0.0)
    return ([r for r in explanation.reasons if r.contribution > max(least, 0.0)] or list(explanation.reasons))[:limit]


def _sentence(reason: Reason) -> str:
    return f"{reason.words} ({reason.contribution:+.2f})"


def _catalogue_rows(recommender: Recommender, movies: list[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
    index = recommender.movies.index(np.array(movies, dtype=np.int64))
    genres = recommender.catalogue["genres"].gather(index).to_list()
    return {m: (recommender.titles[i], tuple(g)) for m, i, g in zip(movies, index, genres, strict=True)}
