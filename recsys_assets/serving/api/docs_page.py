"""`/docs`: every route in Swagger UI, tried from the page; its files come from this service, so it works offline.

The files are those of Swagger UI (Apache 2.0) that the package `fastapi_offline` ships. Nothing on the page is inline,
so its content security policy allows this service's own scripts and no others.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

PATH = "/docs"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Swagger UI sets styles on elements, which `'unsafe-inline'` for styles allows; scripts come from files only."""
ASSETS = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"})
A_DAY = {"Cache-Control": "public, max-age=86400"}
OPTIONS = {
    "dom_id": "#swagger-ui",
    "url": "openapi.json",
    "deepLinking": True,
    "persistAuthorization": False,
    "tryItOutEnabled": True,
    "displayRequestDuration": True,
}
"""A key that somebody enters is forgotten with the page."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon.png">
</head>
<body>
<div id="swagger-ui"><noscript>This page needs JavaScript; the document itself is at openapi.json.</noscript></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""


def docs_router(title: str) -> APIRouter:
    """Raises FileNotFoundError where Swagger UI's files are not installed: better at the start than a blank page."""
    folder = Path(str(files("fastapi_offline"))) / "static"
    if not (folder / "swagger-ui-bundle.js").is_file():
        raise FileNotFoundError(f"{folder} has no Swagger UI; install recsys_assets again: its requirements bring it")
    router, page = APIRouter(include_in_schema=False), PAGE.format(title=title)
    start = f"window.ui = SwaggerUIBundle({json.dumps(OPTIONS)});\n"

    @router.get(PATH)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page)

    @router.get(f"{PATH}/start.js")
    async def docs_start() -> Response:
        return Response(start, media_type="text/javascript")

    @router.get(PATH + "/{asset}")
    async def docs_asset(asset: str) -> FileResponse:
        if asset not in ASSETS:
            raise HTTPException(404)
        return FileResponse(folder / asset, headers=A_DAY)

    return router
