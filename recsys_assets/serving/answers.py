"""Lists with titles and reasons, from an exported champion alone: no MLflow, no warehouse, no Dagster."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.recommenders import Explanation, Reason, Recommender, load_model
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry.export import champion_path
from recsys_assets.settings import Settings

REASONS_SHOWN = 3


class TitleNotFoundError(Exception):
    """No movie of that title; the message lists near ones."""


@dataclass(frozen=True)
class RecommendedMovie:
    """One line of a list."""

    position: int
    movie_id: int
    title: str
    genres: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RecommendationList:
    """What a user is shown, and by whom."""

    user_id: int
    model: str
    data_version: str
    fallback: bool
    """The user is unknown; what most people rate well is shown."""
    movies: tuple[RecommendedMovie, ...]


def load_champion(settings: Settings, model: str | None = None) -> tuple[Recommender, str]:
    """The exported champion `model`, or the default one, and the data version it was fitted on."""
    path = champion_path(settings, model)
    return load_model(path), read_manifest(path).get("data_version", "unknown")


def recommend(settings: Settings, user: int, k: int, *, model: str | None = None) -> RecommendationList:
    """The `k` movies recommended to a user, each with the reasons its score is made of."""
    recommender, data_version = load_champion(settings, model)
    listed = recommender.recommend(np.array([user]), k)
    movies = [int(m) for m in listed.movies[0] if m >= 0]
    rows = _catalogue_rows(recommender, movies)
    shown = tuple(
        RecommendedMovie(
            position=place,
            movie_id=movie,
            title=rows[movie][0],
            genres=rows[movie][1],
            score=float(listed.scores[0, place - 1]),
            reasons=reasons_in_words(recommender.explain(user, movie)),
        )
        for place, movie in enumerate(movies, start=1)
    )
    return RecommendationList(user, recommender.name, data_version, bool(listed.fallback[0]), shown)


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
    positive = [r for r in explanation.reasons if r.contribution > 0] or list(explanation.reasons)
    return tuple(_sentence(reason) for reason in positive[:limit])


def _sentence(reason: Reason) -> str:
    if reason.kind == "history" and reason.rating is not None:
        return f"you gave {reason.label} {reason.rating:g} ({reason.contribution:+.2f})"
    return f"{reason.label} ({reason.contribution:+.2f})"


def _catalogue_rows(recommender: Recommender, movies: list[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
    index = recommender.movies.index(np.array(movies, dtype=np.int64))
    genres = recommender.catalogue["genres"].gather(index).to_list()
    return {m: (recommender.titles[i], tuple(g)) for m, i, g in zip(movies, index, genres, strict=True)}
