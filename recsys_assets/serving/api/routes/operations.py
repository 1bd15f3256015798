"""For machines that watch the service: alive, ready, figures. Alive and ready need no key and tell no secrets."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Depends, Response

from recsys_assets.serving.api.champions import NoChampionError
from recsys_assets.serving.api.guard import requires
from recsys_assets.serving.api.metrics import CONTENT_TYPE
from recsys_assets.serving.api.problems import responses
from recsys_assets.serving.api.routes.common import TheService
from recsys_assets.serving.api.schemas.facts import Health, Ready

router = APIRouter(tags=["operations"])


@router.get("/health", summary="Alive")
async def health() -> Health:
    """The process answers; nothing is looked at. Does not wait for a thread, so that it answers under load."""
    return Health()


@router.get("/ready", summary="Ready", responses={503: {"model": Ready, "description": "Requests cannot be answered"}})
def ready(service: TheService, response: Response) -> Ready:
    """A champion is in memory and passed its self-test, and the inbox can be written."""
    inbox = service.door.writable()
    try:
        served = service.champions.default
    except NoChampionError:
        served = None
    fine = served is not None and inbox
    response.status_code = 200 if fine else 503
    return Ready(
        status="ready" if fine else "not ready",
        dataset=service.settings.dataset,
        model_version=served.name if served else None,
        data_version=served.data_version if served else None,
        inbox="ok" if inbox else "cannot be written",
        refused=service.champions.refused(),
        version=version("recsys_assets"),
    )


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    dependencies=[Depends(requires("admin"))],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(401, 403, 429, 503)},
)
def metrics(service: TheService) -> Response:
    """Needs the scope admin where keys are asked for; Prometheus sends it as a bearer token."""
    return Response(service.metrics.page(), media_type=CONTENT_TYPE)
