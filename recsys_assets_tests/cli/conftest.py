"""`recsys ...` in this process, in an empty deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from recsys_assets.cli import app

Recsys = Callable[..., Result]


@pytest.fixture
def recsys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recsys:
    """Call a command; nothing of it reaches another deployment."""
    for name, folder in (("RECSYS_DATA_DIR", "data"), ("RECSYS_MODELS_DIR", "models"), ("DAGSTER_HOME", "home")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("RECSYS_DATASET", raising=False)
    return lambda *command: CliRunner().invoke(app, [str(part) for part in command])
