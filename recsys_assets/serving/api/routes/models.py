"""Champions: which there are, which answers, and what each was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as InPath

from recsys_assets.recommenders import RatingPredictor
from recsys_assets.serving.api.guard import requires
from recsys_assets.serving.api.problems import ProblemError, responses
from recsys_assets.serving.api.routes.common import TheService
from recsys_assets.serving.api.schemas.facts import ModelAnswer, ModelLine, ModelsAnswer
from recsys_assets.serving.api.schemas.fields import ModelName
from recsys_assets.serving.api.served import manifest_of
from recsys_assets.serving.api.service import Service

router = APIRouter(
    prefix="/v1",
    tags=["models"],
    dependencies=[Depends(requires("read"))],
    responses=responses(401, 403, 422, 429, 503),
)


@router.get("/models", summary="Champions of this data set")
def models(service: TheService) -> ModelsAnswer:
    """All that are exported; each can be named as `model` in a request."""
    loaded = service.champions.in_memory()
    try:
        default = service.champions.default.model
    except LookupError:
        default = None
    lines = [ModelLine(**_line(service, model, path)) for model, path in service.champions.exported().items()]
    return ModelsAnswer(
        dataset=service.settings.dataset,
        default=default if default in loaded else None,
        why_default=_why_default(service),
        champions=lines,
        refused=service.champions.refused(),
    )


@router.get("/models/{model}", summary="One champion", responses=responses(404))
def model(service: TheService, model: Annotated[ModelName, InPath()]) -> ModelAnswer:
    """Its settings, the shapes of what it learned, and the data it was fitted on."""
    exported = service.champions.exported()
    if model not in exported:
        there = ", ".join(exported) or "none"
        raise ProblemError(404, "unknown-model", f"there is no champion {model!r}; champions are {there}")
    path = exported[model]
    manifest = manifest_of(path)
    shapes = manifest.get("shapes", {})
    return ModelAnswer(
        **_line(service, model, path),
        config=manifest.get("config", {}),
        arrays=shapes,
        users=(shapes.get("users") or [0])[0],
        movies=(shapes.get("movies") or [0])[0],
        megabytes=round(sum(p.stat().st_size for p in path.iterdir()) / 1e6, 2),
    )


def _line(service: Service, model: str, path: Path) -> dict[str, Any]:
    """Of `ModelLine`."""
    manifest, served = manifest_of(path), service.champions.in_memory().get(model)
    recommender = served.recommender if served else None
    return {
        "model": model,
        "version": int(path.name),
        "default": served is not None and service.champions.default is served,
        "in_memory": served is not None,
        "data_version": manifest.get("data_version", "unknown"),
        "ratings_version": manifest.get("ratings_version", "unknown"),
        "knows_similar": recommender.knows_similar if recommender else None,
        "predicts_ratings": isinstance(recommender, RatingPredictor) if recommender else None,
        "challenger": service.shadowing.version_beside(model),
    }


def _why_default(service: Service) -> str:
    try:
        text = (service.settings.champion_dir / "default.json").read_text(encoding="utf-8")
        return str(json.loads(text).get("reason", ""))
    except (OSError, ValueError, AttributeError):
        return ""
