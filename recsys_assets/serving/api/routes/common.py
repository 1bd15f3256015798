"""What every router shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import RATING_OF_ACT
from recsys_assets.serving.api.problems import request_id_of, unknown_movies
from recsys_assets.serving.api.schemas.requests import ProfileIn
from recsys_assets.serving.api.served import Served
from recsys_assets.serving.api.service import Service, service_of


async def request_id(request: Request) -> str:
    """The id of the answer; `async`, so that it takes no thread."""
    return request_id_of(request)


TheService = Annotated[Service, Depends(service_of)]
RequestId = Annotated[str, Depends(request_id)]
LOVED = 5.0
"""Stars that `likes` stand for."""
STARS_OF_ACT = {act.name.lower(): float(RATING_OF_ACT[act]) for act in Act}


def note(request: Request, served: Served, fallback: str) -> None:
    """For the log's line of this request."""
    request.scope.setdefault("state", {}).update(model=served.name, fallback=fallback)


def ratings_in(body: ProfileIn) -> list[tuple[int, float]]:
    """All that a body says of movies, as stars; an ignored movie says nothing. The later of two counts."""
    told = [(movie, LOVED) for movie in body.likes]
    told += [(r.movie_id, r.rating) for r in body.ratings]
    told += [(a.movie_id, STARS_OF_ACT[a.action]) for a in body.session if a.action != "ignore"]
    return told


def require_movies(served: Served, movies: Sequence[int]) -> None:
    """Raises a 404 problem that names those the catalogue lacks."""
    columns = served.shelf.columns(movies)
    missing = [movie for movie, column in zip(movies, columns, strict=True) if column < 0]
    if missing:
        raise unknown_movies(missing)
