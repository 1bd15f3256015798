"""The page of the routes: its files come from the service, and its policy allows no others."""

from __future__ import annotations

import re

from recsys_assets_tests.serving.api.running import Client


def test_all_files_of_the_page_come_from_the_service(client: Client) -> None:
    page = client.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 4
    for name in named:
        assert client.get(f"/{name}").status_code == 200, name
    assert "http" not in re.sub(r"<!DOCTYPE[^>]*>", "", page.text), "no other host is named"
    assert re.search(r"<script(?! src)", page.text) is None, "nothing is inline"


def test_the_policy_allows_own_scripts_only(client: Client) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert (told["default-src"], told["script-src"], told["connect-src"]) == ("'none'", "'self'", "'self'")
    assert "http" not in policy
    assert "script-src" not in client.get("/openapi.json").headers["Content-Security-Policy"]


def test_only_files_of_the_page_are_given(client: Client) -> None:
    for name in ("redoc.standalone.js", "..%2fcore.py", "%2e%2e/core.py", "nothing"):
        assert client.get(f"/docs/{name}").status_code == 404
