"""The data-quality site as a person opens it: from the file system, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys_assets_tests.e2e.conftest import Deployment

pytestmark = pytest.mark.e2e
NOTHING_OUT_OF_SIGHT = """[...document.querySelectorAll("table.stack")]
    .every(table => table.parentElement.scrollWidth <= table.parentElement.clientWidth)"""


@pytest.fixture(scope="module")
def site(synthetic: Deployment) -> Path:
    return Path(synthetic.recsys("quality", "open", "--no-browser").splitlines()[-1].strip())


@pytest.mark.parametrize("width", [1280, 360])
def test_the_site_is_read_offline_without_a_sideways_scroll(browser: Any, site: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    try:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: complaints.append(request.url) if "file:" not in request.url else None)
        page.goto(site.as_uri())
        for step in ("synthetic", "ratings"):
            page.get_by_role("link", name=step, exact=step == "ratings").first.click()
            page.get_by_role("heading", name=step, level=1).wait_for()
            page.wait_for_load_state()  # all of it is there, and nothing is on its way to another page
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(NOTHING_OUT_OF_SIGHT)
        assert page.locator("svg.spark").count() > 10
        assert page.get_by_role("row", name="svd").first.is_visible()
        assert complaints == []
    finally:
        context.close()
