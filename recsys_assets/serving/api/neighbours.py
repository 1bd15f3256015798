"""Movies like one: by the champion that was named, by content, or by whichever knows."""

from __future__ import annotations

import numpy as np

from recsys_assets.serving.api.problems import ProblemError, unknown_movies
from recsys_assets.serving.api.schemas.lists import Movie, SimilarAnswer, SimilarMovie
from recsys_assets.serving.api.served import Served
from recsys_assets.serving.api.service import Service

PREFERRED = ("content", "item_knn", "ease", "ials")
"""Who is asked where nobody is named: the first that has a champion."""


def neighbours(service: Service, movie_id: int, k: int, *, model: str | None, request_id: str) -> SimilarAnswer:
    """Raises a 404 problem for an unknown movie, and a 422 for a model that knows no similar ones."""
    served = _who(service, model)
    shelf = served.shelf
    (column,) = shelf.columns([movie_id]).tolist()
    if column < 0:
        raise unknown_movies([movie_id])
    ids, scores = served.recommender.similar(np.array([movie_id]), min(k, len(shelf)))
    there = ids[0] >= 0
    near = zip(shelf.columns(ids[0][there].tolist()).tolist(), scores[0][there].tolist(), strict=True)
    return SimilarAnswer(
        request_id=request_id,
        model=served.model,
        model_version=served.name,
        data_version=served.data_version,
        movie=Movie(**_fields(served, column)),
        movies=[SimilarMovie(**_fields(served, c), position=place, similarity=s) for place, (c, s) in enumerate(near)],
    )


def _who(service: Service, model: str | None) -> Served:
    if model is None:
        exported = service.champions.exported()
        model = next((name for name in PREFERRED if name in exported), None)
    served, missing = service.champion(model)
    if missing is not None:
        raise ProblemError(404, "unknown-model", missing.why)
    if not served.recommender.knows_similar:
        detail = f"{served.model} knows no similar movies; ask content instead"
        raise ProblemError(422, "invalid-request", detail)
    return served


def _fields(served: Served, column: int) -> dict[str, object]:
    shelf = served.shelf
    return {
        "movie_id": int(shelf.movies.values[column]),
        "title": shelf.titles[column],
        "year": shelf.year_of(column),
        "genres": shelf.genres_of(column),
    }
