"""Lists: for a user, for somebody anonymous, of given movies, of what most people like."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from recsys_assets.serving.api import answering
from recsys_assets.serving.api.answering import Answer
from recsys_assets.serving.api.asks import Person, Wish
from recsys_assets.serving.api.guard import GuardFirst, requires
from recsys_assets.serving.api.problems import responses
from recsys_assets.serving.api.routes.common import RequestId, TheService, note, ratings_in, require_movies
from recsys_assets.serving.api.schemas.fields import UserId
from recsys_assets.serving.api.schemas.lists import ListAnswer, UserListAnswer
from recsys_assets.serving.api.schemas.requests import ListWish, PopularQuery, RankIn, RecommendIn
from recsys_assets.serving.api.service import Service

TO_JSON = UserListAnswer.__pydantic_serializer__.to_json
"""Lists are the answers that many ask for: written once, by pydantic's own serializer, and not looked through again."""

router = APIRouter(
    route_class=GuardFirst,
    prefix="/v1",
    tags=["lists"],
    dependencies=[Depends(requires("read"))],
    responses=responses(401, 403, 422, 429, 503),
)


@router.get(
    "/users/{user_id}/recommendations",
    summary="Movies for a user",
    response_model=UserListAnswer,
    responses=responses(404),
)
async def recommendations_for_user(
    request: Request,
    service: TheService,
    request_id: RequestId,
    user_id: Annotated[UserId, Path()],
    asked: Annotated[ListWish, Query()],
) -> Response:
    """Never what the user has rated, unless asked for. An unknown user gets what most people rate well, flagged
    `fallback`: `cold_user`."""
    person = service.person(user_id=user_id, hidden=asked.exclude, genres=asked.genres)
    return await _recommended(request, service, person, asked, request_id)


@router.post(
    "/recommendations",
    summary="Movies for a profile",
    response_model=UserListAnswer,
    responses=responses(400, 404, 408, 413),
)
async def recommendations_for_profile(
    request: Request, service: TheService, request_id: RequestId, body: RecommendIn
) -> Response:
    """For somebody without an account (likes, ratings, genres), or for a user with what they did just now. Nothing is
    retrained: the ratings are folded in. Movies that the model does not know are named in `ignored_movies`."""
    hidden = [*body.exclude, *(a.movie_id for a in body.session)]
    person = service.person(user_id=body.user_id, ratings=ratings_in(body), hidden=hidden, genres=body.genres)
    return await _recommended(request, service, person, body, request_id)


@router.post(
    "/rank",
    summary="Put given movies in order",
    response_model=UserListAnswer,
    responses=responses(400, 404, 408, 413),
)
async def rank_movies(request: Request, service: TheService, request_id: RequestId, body: RankIn) -> Response:
    """All of `movies`, seen or not, the best for this profile first. Unknown movies are a 404 that names them."""
    require_movies(service.champions.default, body.movies)
    person = service.person(user_id=body.user_id, ratings=ratings_in(body))
    answer = await answering.rank(service, person, body.movies, explain=body.explain, model=body.model)
    return _out(request, service, person, answer, request_id)


@router.get("/popular", summary="What most people rate well")
def popular(service: TheService, request_id: RequestId, asked: Annotated[PopularQuery, Query()]) -> ListAnswer:
    """The weighted rating: what newcomers are shown, and whoever a model cannot answer in time."""
    person = service.person(genres=asked.genre)
    found = answering.popular(service, person, Wish(asked.k, asked.year_from, asked.year_to))
    return ListAnswer.model_construct(**found.fields(request_id, service.settings.dataset))


async def _recommended(
    request: Request, service: Service, person: Person, asked: ListWish, request_id: str
) -> Response:
    wish = Wish(
        k=asked.k,
        year_from=asked.year_from,
        year_to=asked.year_to,
        include_seen=asked.include_seen,
        policy=asked.policy or service.config.policy,
        diversity=asked.diversity,
        alpha=asked.alpha,
        explain=asked.explain,
    )
    answer = await answering.recommend(service, person, wish, model=asked.model, request_id=request_id)
    service.shadowing.offer(answer.served, person, wish.k, request_id)
    return _out(request, service, person, answer, request_id)


def _out(request: Request, service: Service, person: Person, answer: Answer, request_id: str) -> Response:
    note(request, answer.served, answer.fallback.kind if answer.fallback else "")
    told = UserListAnswer.model_construct(**answer.fields(request_id, service.settings.dataset), user_id=person.user_id)
    return Response(TO_JSON(told), media_type="application/json")
