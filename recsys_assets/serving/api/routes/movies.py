"""Movies: search by title, one movie, its neighbours, genres; and what somebody would rate them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from recsys_assets.serving.api.guard import GuardFirst, requires
from recsys_assets.serving.api.neighbours import neighbours
from recsys_assets.serving.api.predicting import predict
from recsys_assets.serving.api.problems import responses
from recsys_assets.serving.api.routes.common import RequestId, TheService, require_movies
from recsys_assets.serving.api.schemas.facts import FoundMovie, GenreCount, MovieFacts, PredictAnswer, SearchAnswer
from recsys_assets.serving.api.schemas.fields import K, ModelName, MovieId
from recsys_assets.serving.api.schemas.lists import SimilarAnswer
from recsys_assets.serving.api.schemas.requests import PredictIn
from recsys_assets.serving.api.shelf import Shelf

router = APIRouter(
    route_class=GuardFirst,
    prefix="/v1",
    tags=["movies"],
    dependencies=[Depends(requires("read"))],
    responses=responses(401, 403, 422, 429, 503),
)
Typed = Annotated[str, Field(min_length=1, max_length=200, examples=["tpy story"])]


@router.get("/movies", summary="Search by title")
def search(
    service: TheService,
    request_id: RequestId,
    query: Annotated[Typed, Query(description="As people type: a beginning, words, with errors, `Heat (1995)`.")],
    k: Annotated[K, Query()] = 10,
) -> SearchAnswer:
    """Titles that are it, begin with it, have its words, or are near it; the likest first."""
    shelf = service.champions.default.shelf
    movies = [FoundMovie(**movie_fields(shelf, f.column), likeness=f.likeness) for f in shelf.index.find(query, k)]
    return SearchAnswer(request_id=request_id, query=query.encode("utf-8", "replace").decode(), movies=movies)


@router.get("/movies/{movie_id}", summary="One movie", responses=responses(404))
def movie(service: TheService, movie_id: Annotated[MovieId, Path()]) -> MovieFacts:
    """As the catalogue has it, with the ratings behind the champion."""
    served = service.champions.default
    require_movies(served, [movie_id])
    (column,) = served.shelf.columns([movie_id]).tolist()
    votes = served.recommender.newcomers
    n = int(votes.votes[column])
    mean = float(votes.total[column]) / n if n else None
    return MovieFacts(**movie_fields(served.shelf, column), n_ratings=n, mean_rating=mean)


@router.get("/movies/{movie_id}/similar", summary="Movies like one", responses=responses(404))
def similar(
    service: TheService,
    request_id: RequestId,
    movie_id: Annotated[MovieId, Path()],
    k: Annotated[K, Query()] = 10,
    model: Annotated[
        ModelName | None, Query(description="A champion that knows similar movies; `content` if none.")
    ] = None,
) -> SimilarAnswer:
    """The nearest first, by content or by who watched them."""
    return neighbours(service, movie_id, k, model=model, request_id=request_id)


@router.get("/genres", summary="Genres of the catalogue")
def genres(service: TheService) -> list[GenreCount]:
    """With the number of movies of each."""
    shelf = service.champions.default.shelf
    counts = shelf.of_genre.sum(axis=1)
    return [GenreCount(genre=genre, movies=int(n)) for genre, n in zip(shelf.genres, counts, strict=True)]


@router.post("/ratings/predict", summary="What somebody would rate movies", responses=responses(400, 404, 408, 413))
def predict_ratings(service: TheService, request_id: RequestId, body: PredictIn) -> PredictAnswer:
    """Stars, 0.5 to 5, by a champion that predicts ratings: of a user, or of whoever brings ratings."""
    require_movies(service.champions.default, body.movies)
    return predict(service, body, request_id=request_id)


def movie_fields(shelf: Shelf, column: int) -> dict[str, object]:
    """Of `Movie`."""
    column = int(np.int64(column))
    return {
        "movie_id": int(shelf.movies.values[column]),
        "title": shelf.titles[column],
        "year": shelf.year_of(column),
        "genres": shelf.genres_of(column),
    }
