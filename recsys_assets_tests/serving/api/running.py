"""A real server in a thread of the test, on a port of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from recsys_assets.serving.api.app import create_app
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.serve import uvicorn_options
from recsys_assets.serving.api.service import Service
from recsys_assets.settings import Settings

START_SECONDS = 60


class Client(httpx.Client):
    """Speaks to one running app; `service` is what the app holds."""

    service: Service


@contextmanager
def running(settings: Settings, config: ApiConfig | None = None) -> Iterator[Client]:
    app = create_app(settings, config)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", **uvicorn_options()))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listening],), name="server")
        thread.start()
        try:
            _wait_for(server, thread)
            with Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                client.service = app.state.service
                yield client
        finally:
            server.should_exit = True
            thread.join()


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
