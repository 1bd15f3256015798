"""The pages a person opens, in headless Chromium: the Dagster web UI and the leaderboard report."""

from __future__ import annotations

import os

import pytest

from recsys_assets_tests.e2e.conftest import Deployment

pytestmark = pytest.mark.e2e


def _shows(browser, url: str, *facts: str, name: str, width: int = 1600, height: int = 1000) -> None:
    """Wait until each fact is on the page, whichever is drawn last; a picture goes to RECSYS_SCREENSHOTS if that is
    set."""
    page = browser.new_page(viewport={"width": width, "height": height})
    try:
        page.goto(url)
        for fact in facts:
            page.get_by_text(fact).first.wait_for(state="attached", timeout=60_000)
        if folder := os.environ.get("RECSYS_SCREENSHOTS"):
            page.wait_for_timeout(1500)
            page.screenshot(path=f"{folder}/{name}.png")
    finally:
        page.close()


def test_the_asset_graph_shows_every_stage(browser, web_ui: str) -> None:
    groups = ("ingest", "features", "recommenders", "evaluation", "promotion")
    _shows(browser, f"{web_ui}/asset-groups", *groups, name="graph")


def test_a_check_shows_its_report(browser, web_ui: str) -> None:
    _shows(browser, f"{web_ui}/assets/ratings?view=checks", "rating_in_range", name="check", height=1200)


def test_the_leaderboard_asset_shows_its_table(browser, web_ui: str) -> None:
    _shows(browser, f"{web_ui}/assets/leaderboard", "standings", "best_model", name="leaderboard_asset")


def test_the_run_is_listed_as_successful(browser, web_ui: str) -> None:
    _shows(browser, f"{web_ui}/runs", "Success", "everything", name="runs")


def test_the_nightly_schedule_and_the_sensor_are_on(browser, web_ui: str) -> None:
    _shows(browser, f"{web_ui}/automation", "nightly", "run_failures", name="automation")


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
