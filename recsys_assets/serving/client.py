"""A typed client of the recommendation API: each route is a method, answers are the API's own schemas.

    with Client("http://127.0.0.1:8000") as api:
        listed = api.recommend(RecommendIn(user_id=1, k=5))
        api.send([event_of(listed, listed.movies[0], user_id=1, action="like")])

Whatever goes wrong is an ApiError whose message says what and, where it is known, what to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from recsys_assets.feedback import FeedbackEvent
from recsys_assets.feedback.events import Action
from recsys_assets.serving.api.schemas.facts import (
    HistoryAnswer,
    ModelsAnswer,
    ProfileAnswer,
    Ready,
    SearchAnswer,
    UsersAnswer,
)
from recsys_assets.serving.api.schemas.feedback import FeedbackAnswer
from recsys_assets.serving.api.schemas.lists import ListAnswer, ListedMovie, SimilarAnswer, UserListAnswer
from recsys_assets.serving.api.schemas.requests import RankIn, RecommendIn

PATIENCE = 15.0
"""Seconds for an answer; a champion that nobody asked for before is loaded meanwhile."""
Schema = TypeVar("Schema", bound=BaseModel)


class ApiError(Exception):
    """The API refused, or what it said can't be read. `status` is HTTP's, 0 where there was no answer."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ApiDownError(ApiError):
    """Nobody answers at the address."""


class Client:
    """Safe for threads; keeps its connections."""

    def __init__(self, address: str, *, key: str | None = None, timeout: float = PATIENCE) -> None:
        self.address = address.rstrip("/")
        headers = {"X-API-Key": key} if key else {}
        self._http = httpx.Client(base_url=self.address, headers=headers, timeout=timeout, trust_env=False)

    # -- lists ---------------------------------------------------------------------------------------------

    def recommend(self, asked: RecommendIn) -> UserListAnswer:
        """For a known user, an anonymous one, or a user with news of this session."""
        return self._post("/v1/recommendations", asked, UserListAnswer)

    def rank(self, asked: RankIn) -> UserListAnswer:
        """Given movies, the best first."""
        return self._post("/v1/rank", asked, UserListAnswer)

    def popular(
        self, k: int, *, genres: Sequence[str] = (), year_from: int | None = None, year_to: int | None = None
    ) -> ListAnswer:
        """What most people rate well."""
        asked = {"k": k, "genre": list(genres), "year_from": year_from, "year_to": year_to}
        return self._get("/v1/popular", ListAnswer, asked)

    def similar(self, movie_id: int, k: int, *, model: str | None = None) -> SimilarAnswer:
        return self._get(f"/v1/movies/{movie_id}/similar", SimilarAnswer, {"k": k, "model": model})

    # -- facts ---------------------------------------------------------------------------------------------

    def search(self, text: str, k: int = 10) -> SearchAnswer:
        """Titles as people type them."""
        return self._get("/v1/movies", SearchAnswer, {"query": text, "k": k})

    def users(self, *, limit: int = 50, offset: int = 0) -> UsersAnswer:
        return self._get("/v1/users", UsersAnswer, {"limit": limit, "offset": offset})

    def history(self, user_id: int, k: int = 20) -> HistoryAnswer:
        """The latest ratings of a known user."""
        return self._get(f"/v1/users/{user_id}/history", HistoryAnswer, {"k": k})

    def profile(self, user_id: int, k: int = 20) -> ProfileAnswer:
        """What a known user watches, beside the champion's list for them."""
        return self._get(f"/v1/users/{user_id}/profile", ProfileAnswer, {"k": k})

    def models(self) -> ModelsAnswer:
        return self._get("/v1/models", ModelsAnswer)

    def ready(self) -> Ready:
        return self._get("/ready", Ready, accept=(200, 503))

    # -- feedback ------------------------------------------------------------------------------------------

    def send(self, events: Sequence[FeedbackEvent]) -> FeedbackAnswer:
        """On disk when this returns. The same events may be sent again: an `event_id` counts once."""
        body = {"events": [event.model_dump(mode="json", exclude_none=True) for event in events]}
        return self._answer(FeedbackAnswer, "POST", "/v1/feedback", json=body)

    # -- helpers -------------------------------------------------------------------------------------------

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _get(
        self, path: str, schema: type[Schema], asked: Mapping[str, Any] | None = None, *, accept: Sequence[int] = (200,)
    ) -> Schema:
        given = {name: value for name, value in (asked or {}).items() if value is not None}
        return self._answer(schema, "GET", quote(path), accept=accept, params=given)

    def _post(self, path: str, body: BaseModel, schema: type[Schema]) -> Schema:
        return self._answer(schema, "POST", path, json=body.model_dump(mode="json", exclude_none=True))

    def _answer(
        self, schema: type[Schema], method: str, path: str, *, accept: Sequence[int] = (200, 202), **request: Any
    ) -> Schema:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TimeoutException as error:
            raise ApiError(f"{self.address}{path} did not answer in {self._http.timeout.read:g} s") from error
        except httpx.HTTPError as error:
            raise ApiDownError(f"no API answers at {self.address} ({error})") from error
        if answer.status_code not in accept:
            raise ApiError(_problem(answer), status=answer.status_code)
        try:
            return schema.model_validate_json(answer.content)
        except ValidationError as error:
            told = f"{self.address}{path} answers something else than this client knows: {error.errors()[0]['msg']}"
            raise ApiError(told, status=answer.status_code) from error


def event_of(
    listed: ListAnswer,
    movie: ListedMovie,
    *,
    user_id: int,
    action: Action,
    rating: float | None = None,
    text: str | None = None,
    session_id: str | None = None,
) -> FeedbackEvent:
    """What somebody did with a movie of a list, with all that off-policy evaluation will ask for."""
    return FeedbackEvent(
        event_id=uuid.uuid4().hex,
        user_id=user_id,
        movie_id=movie.movie_id,
        action=action,
        rating=rating,
        text=text,
        timestamp=datetime.now(UTC),
        session_id=session_id,
        request_id=listed.request_id,
        position=movie.position,
        policy=listed.policy,
        model_version=listed.model_version,
        propensity=movie.propensity,
    )


def _problem(answer: httpx.Response) -> str:
    """What a problem document says, else HTTP's own words."""
    try:
        document = answer.json()
        detail = str(document["detail"])
        wrong = "; ".join(f"{e['where']}: {e['what']}" for e in document.get("errors", [])[:3])
        return f"{detail} ({wrong})" if wrong and wrong not in detail else detail
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code} {answer.reason_phrase} from {answer.request.url}"
