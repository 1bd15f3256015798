"""How long pages of the web app take: `pytest -m benchmark recsys_assets_tests/benchmarks/test_app.py -s`.

It opens the deployment that the environment names (`RECSYS_DATASET`, `RECSYS_DATA_DIR`, `RECSYS_MODELS_DIR`) in
headless Chromium, with an API of the app's own where none answers, and writes nothing. Start Dagster's web server first
(`RECSYS_DAGSTER_URL`): without it Pipeline says that it does not answer, which is quick.

A page is whole when its script has ended, nothing is stale and every picture is drawn. `first`: nobody opened it since
the app started; `again`: another visitor, a new browser; `side bar`: from the page before, by a click.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.table import Table as RichTable

from recsys_assets.registry.export import champions
from recsys_assets.serving.app.contents import PAGES
from recsys_assets.settings import PROJECT_ROOT, Settings, load_settings
from recsys_assets_tests.benchmarks.tables import show
from recsys_assets_tests.e2e.conftest import CHROMIUM_FLAGS

pytestmark = pytest.mark.benchmark
READY_WITHIN, PATIENCE = 180, 90_000
"""Seconds until the app answers, and milliseconds for a page."""
WHOLE = """before => {
    const app = document.querySelector("[data-testid=stApp]"), title = document.querySelector("h1");
    const charts = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
    return app?.dataset.testScriptState === "notRunning" && title && title.innerText !== before
        && !document.querySelector("[data-testid=stSkeleton], [data-stale=true]")
        && charts.every(chart => chart.querySelector(".main-svg .infolayer"));
}"""


@contextmanager
def app(settings: Settings, log: Path) -> Iterator[tuple[str, float]]:
    """Address, and seconds until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "recsys_assets.cli", "app", "--port", str(port), "-d", settings.dataset]
    with log.open("wb") as told:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=told, stderr=told)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address, time.perf_counter() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.perf_counter() + READY_WITHIN
    while process.poll() is None and time.perf_counter() < until:
        if answers(f"{address}/_stcore/health"):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text()[-3000:])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def visitor(address: str) -> Iterator[Any]:
    """A page of a browser that was never here."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=address)
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def seconds(page: Any, go: Callable[[], object], *, before: str = "") -> float:
    """Until the page is whole; `before`: the title of the one that is left."""
    started = time.perf_counter()
    go()
    page.wait_for_function(WHOLE, arg=before, polling=20)
    return time.perf_counter() - started


def loaded(address: str) -> dict[str, float]:
    with visitor(address) as page:
        return {name: seconds(page, partial(page.goto, _at(name))) for name in PAGES}


def clicked(address: str) -> dict[str, float]:
    found = {}
    with visitor(address) as page:
        seconds(page, partial(page.goto, "/"))
        for name, of in list(PAGES.items())[1:]:
            link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=of.title)
            found[name] = seconds(page, link.click, before=page.inner_text("h1"))
    return found


def _at(name: str) -> str:
    return "/" if PAGES[name].default else f"/{name}"


@pytest.mark.timeout(1800)
def test_pages(tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium on PATH; install your system's `chromium`")
    settings = load_settings()
    if not (serving := champions(settings)):
        pytest.skip(f"{settings.dataset} has no champion: run `recsys materialize --dataset {settings.dataset}`")
    with app(settings, tmp_path / "log") as (address, ready):
        rounds = [loaded(address), loaded(address), clicked(address)]
    title = f"{settings.dataset}: seconds until a page of the app is whole, {len(serving)} champions"
    table = RichTable(title=title, title_justify="left")
    table.add_column("page")
    for column in ("first", "again", "side bar"):
        table.add_column(column, justify="right")
    for name, page in PAGES.items():
        table.add_row(page.title, *(f"{found[name]:.1f}" if name in found else "–" for found in rounds))
    dagster = "answers" if answers(f"{settings.dagster_url}/server_info") else "does not answer"
    table.caption = (
        f"The app answers after {ready:.1f} s; Dagster {dagster}; load {os.getloadavg()[0]:.1f}. A browser reads "
        "Plotly with the first page that has a picture."
    )
    show(table, f"app-{settings.dataset}")
