"""Every refusal is a problem document (RFC 9457): `application/problem+json` with what was found and what to do.

What a client sent is never repeated beyond what the message needs, and never as anything but plain text.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from recsys_assets.shown import shown

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
BAD_JSON = "json_invalid"


class FieldError(BaseModel):
    """One thing wrong with a request."""

    where: str = Field(examples=["query.k"])
    what: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(examples=["/problems/unknown-movie"])
    """Stays the same for the same kind of problem; a client may branch by it."""
    title: str = Field(examples=["Unknown movie"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no movie has id 999999; GET /v1/movies?query= finds ids by title"])
    request_id: str = Field(examples=["0f7c4e0a5f0b4c3e9f0d3a6f2a3b1c11"])
    errors: list[FieldError] = []
    """Of a request whose fields are wrong."""


class ProblemError(Exception):
    """Raised by an endpoint; becomes the answer."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers, self.more = status, kind, detail, dict(headers or {}), more


def unknown_movies(movies: Sequence[int]) -> ProblemError:
    told = ", ".join(map(str, movies[:5])) + (f" and {len(movies) - 5} others" if len(movies) > 5 else "")
    verb = "no movie has id" if len(movies) == 1 else "no movies have ids"
    detail = f"{verb} {told}; GET /v1/movies?query= finds ids by title"
    return ProblemError(404, "unknown-movie", detail, unknown_movies=list(movies[:100]))


def problem_response(
    request_id: str,
    status: int,
    kind: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    title = kind.replace("-", " ").capitalize()
    fields = {"type": f"/problems/{kind}", "title": title, "status": status, "detail": shown(detail, most=2000)}
    return JSONResponse(
        fields | {"request_id": request_id} | dict(more or {}), status, dict(headers or {}), media_type=MEDIA_TYPE
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems that a route can answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """All errors of `app` become problem documents."""
    app.add_exception_handler(ProblemError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def request_id_of(request: Request) -> str:
    found: str = request.scope.get("state", {}).get("request_id", "")
    return found


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return problem_response(
        request_id_of(request), error.status, error.kind, error.detail, headers=error.headers, more=error.more
    )


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(e["type"] == BAD_JSON for e in found):
        detail = f"the body is not JSON: {found[0].get('ctx', {}).get('error', 'it cannot be read')}"
        return problem_response(request_id_of(request), 400, "bad-json", detail)
    errors = [
        {"where": shown(".".join(map(str, e["loc"]))), "what": shown(e["msg"].removeprefix("Value error, "))}
        for e in found[:MOST_ERRORS]
    ]
    detail = f"{errors[0]['where']}: {errors[0]['what']}" + (f", and {len(found) - 1} more" if len(found) > 1 else "")
    return problem_response(request_id_of(request), 422, "invalid-request", detail, more={"errors": errors})


async def _http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: no such path, no such method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != phrase else f"{request.method} {request.url.path}: {phrase.lower()}"
    kind = phrase.lower().replace(" ", "-")
    return problem_response(request_id_of(request), error.status_code, kind, detail, headers=error.headers)


def log_unexpected(request_id: str, error: BaseException) -> None:
    """A bug: its traceback goes to the log, and nothing of it to the client."""
    logging.getLogger("recsys.api").error("unexpected", exc_info=error, extra={"request_id": request_id})
