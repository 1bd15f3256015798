"""The web app as people open it: every page in a browser, and a session whose feedback the pipeline takes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from recsys_assets.feedback.folders import Folders
from recsys_assets.serving.app.contents import PAGES
from recsys_assets.settings import Settings, load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.defs.test_feedback import take, tick
from recsys_assets_tests.e2e.conftest import Deployment
from recsys_assets_tests.serving.app.test_tuner_page import tuned

pytestmark = pytest.mark.e2e
FACTS = {
    "home": ("Movie recommendations", "600 people"),
    "pipeline": ("Version chain", "recommenders"),
    "data_quality": ("Newest verdict of each table", "rating_in_range"),
    "dataset": ("The long tail", "The 30 most rated movies found"),
    "recommend": ("10 movies for user", "Answered by"),
    "session": ("Who are you",),
    "genres": ("Which genres go together", "Answered by"),
    "hybrid": ("The blended list",),
    "leaderboard": ("hybrid leads", "Lists side by side"),
    "training": ("From version to version",),
    "architecture": ("Layers", "Settings it was trained with"),
    "tuner": ("tuned_pipeline_config",),
}
"""What a page says once it is whole."""
HARMLESS = ("_stcore/health", "_stcore/host-config")
"""Streamlit looks for itself below the page's address first."""
TWO_TRAININGS = """
import numpy as np
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.settings import load_settings

settings = load_settings()
export = (settings.champion_dir / "popularity").resolve()
registry = Registry(settings)
for run, fall in (("first", 0.8), ("second", 0.6)):
    epochs = np.arange(1.0, 7.0)
    curves = {"train/loss": fall**epochs, "eval/ndcg_at_10": epochs / 60}
    series = {name: np.column_stack([epochs, values]) for name, values in curves.items()}
    made = registry.record(RunRecord(
        model="sasrec", run_id=run, config={}, metrics={"temporal_validation_ndcg_at_10": 0.1}, tags={}, figures={},
        documents={}, holdout=export, serving=export, series=series,
    ))
    if run == "first":
        registry.set_alias("sasrec", "champion", made.version)
"""
"""Two versions of one model, recorded with their curves as a training records them."""
PATIENCE = 90_000
"""Milliseconds: other tests share the cores."""
MOST_TABS, RING = 60, 2
"""Of the Tab key from one end of a page to the other, and pixels of the line around what has the focus."""
HAS_FOCUS = "element => element === document.activeElement"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def own(synthetic: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The materialized deployment with data and versions of this module's own: what is left here changes no other test.

    Artifacts of versions stay where they are, MLflow has their places; champions are links, which copies keep.
    """
    root = tmp_path_factory.mktemp("app")
    shutil.copytree(synthetic.root / "data", root / "data")
    shutil.copytree(
        synthetic.root / "models",
        root / "models",
        symlinks=True,
        ignore=shutil.ignore_patterns("mlartifacts", "*.lock"),
    )
    moved = {"RECSYS_DATA_DIR": str(root / "data"), "RECSYS_MODELS_DIR": str(root / "models")}
    return replace(synthetic, root=root, env={**synthetic.env, **moved})


@pytest.fixture(scope="module")
def settings(own: Deployment) -> Settings:
    return load_settings(data_dir=own.env["RECSYS_DATA_DIR"], models_dir=own.env["RECSYS_MODELS_DIR"])


@pytest.fixture(scope="module")
def server(own: Deployment, web_ui: str) -> Iterator[subprocess.Popen[str]]:
    port = free_port()
    nobody = {"RECSYS_API_URL": f"http://127.0.0.1:{free_port()}", "RECSYS_DAGSTER_URL": web_ui}
    deployment = replace(own, env={**own.env, **nobody})
    process = deployment.start("app", "--port", str(port))
    process.address = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{process.address}/_stcore/health", timeout=2, trust_env=False).raise_for_status()  # type: ignore[attr-defined]
            break
        except httpx.HTTPError:
            assert process.poll() is None, process.communicate()
            time.sleep(0.3)
    yield process
    ended(process)


def ended(process: subprocess.Popen[str]) -> None:
    """As by Ctrl-C."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


class Visit:
    """One visitor, and what their browser complained of."""

    def __init__(self, browser: Any, address: str, *, width: int, dark: bool = False) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page, self.address, self.complaints, self.asked = self.context.new_page(), address, [], []
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._answered)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and not response.url.endswith(HARMLESS):
            self.complaints.append(f"{response.status} {response.url}")

    def open(self, name: str) -> str:
        """The page's text, once it is whole."""
        self.page.goto(f"{self.address}/{'' if name == 'home' else name}")
        for fact in FACTS[name]:
            self.page.get_by_text(fact).first.wait_for(state="attached")
        self.settle()
        return str(self.page.inner_text("body"))

    def settle(self) -> None:
        """Until the script has run."""
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )

    def charts(self, count: int) -> Any:
        """That many pictures, drawn: the browser reads Plotly after the script has run, and draws one after another."""
        charts = self.page.locator(".js-plotly-plot")
        self.page.wait_for_function(
            "count => document.querySelectorAll('.js-plotly-plot:has(.infolayer)').length >= count", arg=count
        )
        assert charts.count() == count
        return charts

    def tab_to(self, target: Any) -> None:
        """By the Tab key alone; what has the focus is seen to have it."""
        target.wait_for()
        for _ in range(MOST_TABS):
            if target.evaluate(HAS_FOCUS):
                assert target.evaluate("element => parseFloat(getComputedStyle(element).outlineWidth)") >= RING
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{MOST_TABS} times Tab, and {target} was not reached")

    def landed(self) -> None:
        """Until the page is whole and the keyboard goes on at its first section, as what had the focus is gone."""
        self.page.wait_for_function("document.activeElement?.tagName === 'H2'")

    def told(self, words: str) -> None:
        """Until a screen reader is told so."""
        self.page.locator(".rx-aloud", has_text=words).wait_for(state="attached")

    def foreign(self) -> list[str]:
        """Requests that left this machine."""
        return [url for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]


def test_every_page_opens_with_its_facts_and_nothing_leaves_the_machine(browser: Any, server: Any) -> None:
    visit = Visit(browser, server.address, width=1280)
    try:
        for name in PAGES:
            text = visit.open(name)
            assert "Traceback" not in text
            assert visit.page.locator("[data-testid=stException]").count() == 0, name
            assert visit.page.get_by_role("heading", level=1).count() == 1
            if folder := os.environ.get("RECSYS_SCREENSHOTS"):
                visit.page.screenshot(path=f"{folder}/app_{name}.png")
        assert visit.complaints == []
        assert visit.foreign() == []
    finally:
        visit.context.close()


def test_pages_fit_a_phone_and_the_night(browser: Any, server: Any) -> None:
    visit = Visit(browser, server.address, width=390, dark=True)
    try:
        for name in ("home", "leaderboard", "recommend"):
            visit.open(name)
            wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
            assert visit.page.evaluate(wide) <= 390, name
            ground = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
            assert visit.page.evaluate(ground) == "rgb(23, 27, 33)"
        visit.page.get_by_role("radio", name="Somebody new").click()
        visit.page.get_by_role("radio", name="5 ★").first.click()
        visit.told("of them new. The first is")
        assert visit.complaints == []
    finally:
        visit.context.close()


def test_the_training_dashboard_draws_a_line_for_each_version(browser: Any, server: Any, own: Deployment) -> None:
    """Versions are recorded by another process, as a training is."""
    subprocess.run([sys.executable, "-c", TWO_TRAININGS], env=dict(own.env), check=True, timeout=300)
    visit = Visit(browser, server.address, width=1280)
    page = visit.page
    try:
        visit.open("training")
        page.get_by_text("Loss", exact=True).first.wait_for()
        visit.settle()
        charts = visit.charts(3)  # loss, NDCG, and figures by version
        for name in ("version 1 (champion)", "version 2 (challenger)"):
            charts.first.locator(".legendtext", has_text=name).wait_for(state="attached")
        traces = charts.first.locator(".scatterlayer .trace")
        traces.nth(1).wait_for(state="attached")  # the legend is drawn before them
        assert traces.count() == 2
        page.get_by_role("row", name="2 challenger").wait_for()
        assert visit.complaints == []
    finally:
        visit.context.close()


def test_the_tuner_page_shows_what_was_tuned_and_compared(browser: Any, server: Any, settings: Settings) -> None:
    tuned(settings)
    visit = Visit(browser, server.address, width=1280)
    page = visit.page
    try:
        page.goto(f"{server.address}/tuner")
        page.get_by_text("11.00 times the default").first.wait_for()
        page.get_by_role("heading", name="Simulated pipelines: familiar").wait_for()
        visit.settle()
        visit.charts(5)  # gain, steps, two contests live, one simulated
        page.locator(".js-plotly-plot .errorbar").first.wait_for(state="attached")
        assert page.locator("[data-testid=stException]").count() == 0
        assert visit.complaints == []
    finally:
        visit.context.close()


def test_a_session_by_keyboard_alone_changes_the_list_and_leaves_a_batch_that_the_sensor_takes(
    browser: Any, server: Any, own: Deployment, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = Visit(browser, server.address, width=1280)
    page, comment = visit.page, "boring <b>and</b> far too long [x](javascript:alert(1))"
    try:
        visit.open("session")
        visit.tab_to(page.get_by_role("button", name="Start"))
        page.keyboard.press("Enter")
        visit.landed()
        first = titles_of(page)
        visit.tab_to(page.get_by_role("radio", name="Like").first)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Space")
        visit.told("It is kept; here is the next list. 5 movies,")
        visit.landed()
        second = titles_of(page)
        assert first[0] not in second
        visit.tab_to(page.get_by_label("Comment"))
        page.keyboard.type(comment)
        visit.tab_to(page.get_by_role("button", name="Send"))
        page.keyboard.press("Enter")
        visit.told("read as negative")
        visit.landed()
        page.get_by_role("cell", name=comment).wait_for()
        assert second[0] not in titles_of(page)
        visit.tab_to(page.get_by_role("button", name="End this session"))
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Start").wait_for()
        page.wait_for_function("document.activeElement?.role === 'radio'")
        assert visit.complaints == []
    finally:
        visit.context.close()
    ended(server)
    folders = Folders.of(settings)
    assert len(list(folders.inbox.glob("*.ndjson"))) == 1
    for name in ("RECSYS_DATA_DIR", "RECSYS_MODELS_DIR"):
        monkeypatch.setenv(name, own.env[name])
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    with dg.DagsterInstance.ephemeral() as instance:
        seen = tick(instance)
        assert isinstance(seen, dg.SensorResult)
        assert take(instance, settings, seen).success
    events = Lake(settings.lake_dir).read("feedback").sort("timestamp")
    assert events["action"].to_list() == ["like", "watch"]
    assert events["text"].to_list() == [None, comment]
    assert events["propensity"].to_list() == [1.0, 1.0]
    assert list(folders.inbox.glob("*.ndjson")) == []


def titles_of(page: Any) -> list[str]:
    return [str(t) for t in page.locator("ol.rx-list > li > div > strong").all_inner_texts()]


def test_the_app_starts_no_second_server_on_a_port_that_is_taken(own: Deployment, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = own.recsys("app", "--port", str(taken.getsockname()[1]), code=1)
    assert "--port" in said
