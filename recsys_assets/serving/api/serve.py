"""Running the app with uvicorn: one process, or several that share the port."""

from __future__ import annotations

import os
import resource
from typing import Any

import uvicorn
from fastapi import FastAPI

from recsys_assets.serving.api.app import create_app
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.logs import start_logging
from recsys_assets.serving.api.metrics import figures_of_workers
from recsys_assets.serving.api.patience import MOST_CONNECTIONS, ImpatientProtocol
from recsys_assets.settings import Settings, load_settings

VARIABLE = "RECSYS_API_PROCESS"
"""How worker processes, which are started anew, are told what the first one was."""
GRACE_SECONDS = 10
OPEN_FILES = 4 * MOST_CONNECTIONS
"""Each connection is one, and bursts come before others have left. The usual 1,024 would also leave none for champions
and feedback."""


def serve(settings: Settings, config: ApiConfig, *, workers: int = 1) -> None:
    """Serve until a signal; requests that are being answered are answered."""
    options = uvicorn_options() | {"host": config.host, "port": config.port}
    start_logging()
    allow_files(OPEN_FILES)
    if workers == 1:
        uvicorn.run(create_app(settings, config), **options)
        return
    os.environ[VARIABLE] = config.model_dump_json()
    os.environ["RECSYS_DATASET"] = settings.dataset
    with figures_of_workers():
        uvicorn.run("recsys_assets.serving.api.serve:app_of_process", factory=True, workers=workers, **options)


def allow_files(wanted: int) -> None:
    """Let this process and those it starts have `wanted` files open, or as many as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def uvicorn_options() -> dict[str, Any]:
    """How uvicorn runs the app, wherever it listens."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "timeout_worker_healthcheck": 60,
        "http": ImpatientProtocol,
    }


def app_of_process() -> FastAPI:
    """The app of a worker process."""
    start_logging()
    return create_app(load_settings(), ApiConfig.model_validate_json(os.environ[VARIABLE]))
