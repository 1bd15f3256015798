"""Users: who is known, what they rated, and what their profile is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from recsys_assets.serving.api.guard import requires
from recsys_assets.serving.api.problems import ProblemError, responses
from recsys_assets.serving.api.routes.common import TheService
from recsys_assets.serving.api.routes.movies import movie_fields
from recsys_assets.serving.api.schemas.facts import (
    HistoryAnswer,
    ProfileAnswer,
    RatedMovie,
    UserLine,
    UsersAnswer,
)
from recsys_assets.serving.api.schemas.fields import K, UserId
from recsys_assets.serving.api.served import Served
from recsys_assets.serving.profile import profile_of

router = APIRouter(
    prefix="/v1", tags=["users"], dependencies=[Depends(requires("read"))], responses=responses(401, 403, 422, 429, 503)
)
Limit = Annotated[int, Field(ge=1, le=1_000)]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]


@router.get("/users", summary="Users that the champion knows")
def users(
    service: TheService, limit: Annotated[Limit, Query()] = 50, offset: Annotated[Offset, Query()] = 0
) -> UsersAnswer:
    """In the order of ids."""
    model = service.champions.default.recommender
    ids, lengths = model.users.values[offset : offset + limit], model.histories.lengths[offset : offset + limit]
    lines = [UserLine(user_id=u, n_ratings=n) for u, n in zip(ids.tolist(), lengths.tolist(), strict=True)]
    return UsersAnswer(total=len(model.users), users=lines)


@router.get("/users/{user_id}/history", summary="What a user rated", responses=responses(404))
def history(service: TheService, user_id: Annotated[UserId, Path()], k: Annotated[K, Query()] = 20) -> HistoryAnswer:
    """The latest `k` ratings, the last one first."""
    served = service.champions.default
    found = served.recommender.histories.take(_row(served, user_id))
    last = slice(None, -k - 1, -1)
    columns, stars, times = found.movies[last], found.ratings[last], found.timestamps[last]
    ratings = [
        RatedMovie(**_fields(served, column), rating=rating, rated_at=datetime.fromtimestamp(at, UTC))
        for column, rating, at in zip(columns.tolist(), stars.tolist(), times.tolist(), strict=True)
    ]
    return HistoryAnswer(user_id=user_id, total=len(found.movies), ratings=ratings)


@router.get("/users/{user_id}/profile", summary="What a user likes", responses=responses(404))
def profile(service: TheService, user_id: Annotated[UserId, Path()], k: Annotated[K, Query()] = 20) -> ProfileAnswer:
    """Genres and decades of their ratings, beside those of the champion's top `k`."""
    served = service.champions.default
    _row(served, user_id)
    found = profile_of(
        served.recommender,
        user_id,
        k,
        dataset=service.settings.dataset,
        data_version=served.data_version,
        reasons=False,
    )
    times = {"first": found.first.replace(tzinfo=UTC), "last": found.last.replace(tzinfo=UTC)}
    return ProfileAnswer(**asdict(found) | times | {"model_version": served.name, "data_version": served.data_version})


def _row(served: Served, user_id: int) -> Any:
    row = served.recommender.users.index(np.array([user_id]))
    if row[0] < 0:
        raise ProblemError(404, "unknown-user", f"no rating of user {user_id} is known; GET /v1/users lists who is")
    return row


def _fields(served: Served, column: int) -> dict[str, Any]:
    return dict(movie_fields(served.shelf, column))
