"""Pictures left undrawn, for tests of what is around them."""

from __future__ import annotations

import base64

import pytest

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")


def leave_undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture is one pixel, and no name is placed."""
    for module in ("evaluation.canvas", "registry.training", "registry.studies"):
        monkeypatch.setattr(f"recsys_assets.{module}.png_bytes", lambda figure: PIXEL)
    monkeypatch.setattr("recsys_assets.evaluation.tradeoff.place_labels", lambda *_, **__: None)
