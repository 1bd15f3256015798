"""Which services answer beside the app: the API and Dagster."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from recsys_assets.serving.app.markup import Tone
from recsys_assets.settings import Settings

PATIENCE = 1.0
"""Seconds that a service has to say that it is there."""


@dataclass(frozen=True)
class Service:
    name: str
    address: str
    """As a visitor's browser finds it."""
    up: bool
    words: str
    command: str

    @property
    def page(self) -> str:
        """What there is to see: the API's own address has no page."""
        return f"{self.address.rstrip('/')}/docs" if self.command == "recsys serve" else self.address

    @property
    def tone(self) -> Tone:
        return "good" if self.up else "idle"


def services(settings: Settings) -> list[Service]:
    return [
        _asked("Recommendation API", settings.api_url, "/health", "recsys serve", link=settings.api_public_url),
        _asked("Dagster web UI", settings.dagster_url, "/server_info", "make dev", link=settings.dagster_public_url),
    ]


def _asked(name: str, address: str, path: str, command: str, *, link: str | None) -> Service:
    try:
        answer = httpx.get(f"{address.rstrip('/')}{path}", timeout=PATIENCE, trust_env=False)
        up, words = answer.is_success, "answers" if answer.is_success else f"answers with {answer.status_code}"
    except httpx.HTTPError:
        up, words = False, "does not answer"
    return Service(name, link or address, up, words, command)
