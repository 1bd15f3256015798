"""The pages a person opens, in headless Chromium: the Dagster web UI and the leaderboard report."""

from __future__ import annotations

import os

import pytest

from recsys_assets_tests.e2e.conftest import Deployment

pytestmark = pytest.mark.e2e


def _opened(browser, url: str, *, name: str, wait_for: str, width: int = 1600, height: int = 1000) -> str:
    """The text of a page once `wait_for` is on it; a picture goes to RECSYS_SCREENSHOTS where that is set."""
    page = browser.new_page(viewport={"width": width, "height": height})
    try:
        page.goto(url)
        page.get_by_text(wait_for).first.wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        if folder := os.environ.get("RECSYS_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}.png")
        return page.inner_text("body")
    finally:
        page.close()


def test_the_asset_graph_shows_every_stage(browser, web_ui: str) -> None:
    text = _opened(browser, f"{web_ui}/asset-groups", name="graph", wait_for="recommenders")
    for group in ("ingest", "features", "recommenders", "evaluation", "promotion"):
        assert group in text


def test_a_check_shows_its_report(browser, web_ui: str) -> None:
    url = f"{web_ui}/assets/ratings?view=checks"
    text = _opened(browser, url, name="check", wait_for="rating_in_range", height=1200)
    assert "rating_in_range" in text


def test_the_leaderboard_asset_shows_its_table(browser, web_ui: str) -> None:
    text = _opened(browser, f"{web_ui}/assets/leaderboard", name="leaderboard_asset", wait_for="standings")
    assert "best_model" in text


def test_the_run_is_listed_as_successful(browser, web_ui: str) -> None:
    text = _opened(browser, f"{web_ui}/runs", name="runs", wait_for="Success")
    assert "everything" in text


def test_the_nightly_schedule_and_the_sensor_are_on(browser, web_ui: str) -> None:
    text = _opened(browser, f"{web_ui}/automation", name="automation", wait_for="nightly")
    assert "run_failures" in text


@pytest.mark.parametrize(("name", "width"), [("report", 1200), ("report_phone", 400)])
def test_the_report_is_readable_and_needs_no_network(browser, synthetic: Deployment, name: str, width: int) -> None:
    report = synthetic.root / "data" / "reports" / "leaderboard.html"
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    if folder := os.environ.get("RECSYS_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.get_by_role("columnheader").count() >= 5
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()
