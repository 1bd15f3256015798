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
    up: bool
    words: str
    command: str

    @property
    def tone(self) -> Tone:
        return "good" if self.up else "idle"


def services(settings: Settings) -> list[Service]:
    return [
        _asked("Recommendation API", settings.api_url, "/health", "recsys serve"),
        _asked("Dagster web UI", settings.dagster_url, "/server_info", "make dev"),
    ]


def _asked(name: str, address: str, path: str, command: str) -> Service:
    try:
        answer = httpx.get(f"{address.rstrip('/')}{path}", timeout=PATIENCE, trust_env=False)
        up, words = answer.is_success, "answers" if answer.is_success else f"answers with {answer.status_code}"
    except httpx.HTTPError:
        up, words = False, "does not answer"
    return Service(name, address, up, words, command)
