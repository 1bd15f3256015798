"""The application: one service, its routes, and what is around every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from recsys_assets.serving.api import problems
from recsys_assets.serving.api.champions import NoChampionError
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.docs_page import docs_router
from recsys_assets.serving.api.guard import KEY_HEADER
from recsys_assets.serving.api.middleware import REQUEST_ID, Around
from recsys_assets.serving.api.problems import Problem, problem_response, request_id_of
from recsys_assets.serving.api.routes import feedback, lists, models, movies, operations, users
from recsys_assets.serving.api.service import Service
from recsys_assets.serving.api.shelf import UnknownGenreError
from recsys_assets.settings import Settings

DESCRIPTION = """Movies for people, known or new, with the chance and the reasons of every place of every list.

Every refusal is a problem document (RFC 9457). `X-Request-ID` names every answer; send it back as `request_id` with
feedback, beside `position`, `policy`, `model_version` and `propensity`, so that what was shown can be judged later."""


def create_app(settings: Settings, config: ApiConfig | None = None) -> FastAPI:
    """The app for one data set. Champions are loaded when it starts, not here."""
    config = config or ApiConfig()
    service = Service(settings, config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.start)
        try:
            yield
        finally:
            await run_in_threadpool(service.stop)

    app = FastAPI(
        title="recsys_assets",
        summary="Movie recommendations",
        description=DESCRIPTION,
        version=version("recsys_assets"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.service = service
    for router in (lists.router, movies.router, users.router, feedback.router, models.router):
        app.include_router(router)
    app.include_router(operations.router)
    app.include_router(docs_router(app.title))
    _install_problems(app)
    _describe(app, config)
    if config.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", KEY_HEADER, "Authorization"],
            expose_headers=[REQUEST_ID, "Retry-After"],
        )
    app.add_middleware(Around, config=config, metrics=service.metrics)
    return app


def _install_problems(app: FastAPI) -> None:
    problems.install(app)
    app.add_exception_handler(NoChampionError, _no_champion)
    app.add_exception_handler(UnknownGenreError, _unknown_genre)


def _describe(app: FastAPI, config: ApiConfig) -> None:
    """The OpenAPI document: problems as they are, and keys only where they are asked for."""
    made = app.openapi

    def with_problems() -> dict[str, Any]:
        """FastAPI says that a 422 is its own document; here it is a problem like all others."""
        if app.openapi_schema is None:
            schema = made()
            schemas = schema["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schemas["Problem"].pop("$defs", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            if not config.asks_for_keys:
                schema["components"].pop("securitySchemes", None)
                for operation in (o for path in schema["paths"].values() for o in path.values()):
                    operation.pop("security", None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = with_problems  # type: ignore[method-assign]


async def _no_champion(request: Request, error: Exception) -> JSONResponse:
    return problem_response(request_id_of(request), 503, "no-champion", str(error), headers={"Retry-After": "10"})


async def _unknown_genre(request: Request, error: Exception) -> JSONResponse:
    return problem_response(request_id_of(request), 422, "unknown-genre", str(error))
