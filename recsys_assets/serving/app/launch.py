"""Starting the app: an API to ask, found or started beside it, then Streamlit in this process.

Loopback unless told otherwise, no browser is opened, nothing is sent home. What is started here ends with the app.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from recsys_assets.progress import Progress
from recsys_assets.serving.app.theme import APP_OPTIONS
from recsys_assets.serving.client import ApiError, Client
from recsys_assets.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAIN = Path(__file__).with_name("main.py")
START_SECONDS, END_SECONDS = 120.0, 20.0
LOOK = 0.2
"""Seconds between looks whether the API is there."""


class LaunchError(Exception):
    """The app or its API can't be started; says why and what to do."""


def run_app(settings: Settings, *, host: str, port: int, own_api: bool, progress: Progress) -> None:
    """Serve the app until a signal. `own_api`: start an API where none answers."""
    _require_free(host, port)
    threading.Thread(target=_warm, args=(settings,), daemon=True, name="warm").start()
    with _api(settings, own=own_api, progress=progress) as address:
        os.environ["RECSYS_API_URL"], os.environ["RECSYS_DATASET"] = address, settings.dataset
        progress(f"The app is at http://{host}:{port} (stop it with Ctrl-C)")
        _streamlit(host, port)


@contextmanager
def _api(settings: Settings, *, own: bool, progress: Progress) -> Iterator[str]:
    """Address of an API of this data set, whoever started it. One that is meant to be elsewhere is never replaced."""
    serves, here = _dataset_at(settings), urlsplit(settings.api_url).hostname in LOOPBACK
    if serves == settings.dataset or not own or not here:
        told = "answers" if serves == settings.dataset else f"serves {serves}" if serves else "does not answer"
        progress(
            f"The API at {settings.api_url} {told}" + ("" if serves else f"; run `recsys serve -d {settings.dataset}`")
        )
        yield settings.api_url
        return
    if serves:
        progress(f"The API at {settings.api_url} serves {serves}; another is started for {settings.dataset}")
    port = _free_port()
    with _started(settings, port) as address:
        progress(f"An API of the app's own answers at {address}; its docs are at {address}/docs")
        yield address


@contextmanager
def _started(settings: Settings, port: int) -> Iterator[str]:
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "recsys_assets.cli", "serve", "--port", str(port), "-d", settings.dataset]
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - Ctrl-C is the app's, which ends it
    try:
        _wait(process, address)
        yield address
    finally:
        process.terminate()  # seals its feedback
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LaunchError(f"the API ended with code {process.returncode} while starting; see what it said above")
        try:
            with Client(address, timeout=1.0) as api:
                api.ready()
            return
        except ApiError:
            time.sleep(LOOK)
    raise LaunchError(f"the API at {address} did not answer within {START_SECONDS:.0f} s")


def _dataset_at(settings: Settings) -> str:
    """Of the API that answers at the configured address; empty where none does."""
    try:
        with Client(settings.api_url, timeout=1.0) as api:
            return api.ready().dataset
    except ApiError:
        return ""


def _streamlit(host: str, port: int) -> None:
    from streamlit.web import bootstrap

    options = {**APP_OPTIONS, "server.address": host, "server.port": port}
    flags = {name.replace(".", "_"): value for name, value in options.items()}
    bootstrap.load_config_options(flags)
    bootstrap.run(str(MAIN), False, [], flags)


def _warm(settings: Settings) -> None:
    """Libraries that take seconds to import, before somebody waits for them."""
    import plotly.graph_objects  # noqa: F401
    import streamlit.web.bootstrap  # noqa: F401

    from recsys_assets.serving.app.facts.training import registered

    registered(settings)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _require_free(host: str, port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LaunchError(f"{host}:{port} can't be had ({error.strerror}); name another: --port") from error
