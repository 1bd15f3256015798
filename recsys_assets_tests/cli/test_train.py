"""`recsys train`: what cannot be trained is refused with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys_assets.cli import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no model 'nothing'"),
        (["svd", "--steps", "5"], "svd is no agent"),
        (["dqn", "--env", "RandomUsers-v0"], "is trained in SimulatedFeedback-v0"),
        (["dqn"], "Re-materialize `data_snapshot`"),
    ],
)
def test_what_cannot_be_trained_is_said(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    monkeypatch.setenv("COLUMNS", "300")
    result = CliRunner().invoke(app, ["train", *arguments])
    assert result.exit_code == 2
    assert said in result.output
