"""`/docs` in a browser that can reach nothing but the service: routes are shown, and can be tried with a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.keys import add_key, keys_path
from recsys_assets.settings import Settings
from recsys_assets_tests.serving.api.running import Client, running
from recsys_assets_tests.serving.api.world import deployment

ROUTE = "#operations-lists-recommendations_for_user"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return deployment(tmp_path, "item_knn")


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with running(settings, ApiConfig(keys=True)) as client:
        yield client


@pytest.mark.timeout(180)
def test_routes_are_shown_and_tried_with_a_key_and_nothing_else_is_asked(
    settings: Settings, client: Client, browser: Any
) -> None:
    own, asked, faults = str(client.base_url).rstrip("/"), [], []
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))

    def only_own(route: Any) -> None:
        asked.append(route.request.url)
        if route.request.url.startswith((own, "data:")):
            route.continue_()
        else:
            route.abort()

    page.route("**/*", only_own)
    page.goto(f"{own}/docs")
    page.wait_for_selector(ROUTE)
    paths = client.get("/openapi.json").json()["paths"]
    count = sum(len(operations) for operations in paths.values())
    page.wait_for_function("count => document.querySelectorAll('.opblock').length >= count", arg=count)
    assert page.locator(".opblock").count() == count

    _, key = add_key(keys_path(settings), "docs", ("read",))
    page.click("button.authorize")
    form = page.locator(".auth-container").filter(has_text="X-API-Key")
    form.locator("input").fill(key)
    form.locator("button.authorize").click()
    page.click(".dialog-ux button.close-modal")
    page.click(f"{ROUTE} .opblock-summary-control")
    page.locator(f"{ROUTE} tr[data-param-name=user_id] input").fill("2")
    page.click(f"{ROUTE} button.execute")
    answered = page.locator(f"{ROUTE} .live-responses-table tbody .response").first
    answered.locator(".response-col_status", has_text="200").wait_for()
    answered.locator(".highlight-code", has_text="item_knn/1").first.wait_for()

    assert [url for url in asked if not url.startswith((own, "data:"))] == []
    assert faults == [], "scripts, styles and answers pass the page's own content security policy"
    page.close()
