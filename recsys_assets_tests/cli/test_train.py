"""`recsys train`: what cannot be trained is refused with the remedy; agents can be tried in every environment."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from recsys_assets.agents.environments.registration import IDS
from recsys_assets.cli import app
from recsys_assets.cli.train import ENVIRONMENTS
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.registry.test_trial import publish_world


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    monkeypatch.setenv("COLUMNS", "300")
    return load_settings()


def train(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no model 'nothing'"),
        (["svd", "--steps", "5"], "svd is no agent"),
        (["dqn", "--env", "CartPole-v1"], "there is no environment 'CartPole-v1'; environments are Simulated"),
        (["dqn"], "Re-materialize `data_snapshot`"),
        (["dqn", "--env", "RandomUsers-v0"], "Re-materialize `ratings`"),
    ],
)
def test_what_cannot_be_trained_is_said(arguments: list[str], said: str, settings: Settings) -> None:
    result = train(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_every_environment_that_is_registered_can_be_named() -> None:
    assert set(ENVIRONMENTS) == set(IDS)


def test_the_served_agent_says_which_model_it_is_made_with(settings: Settings) -> None:
    publish_world(settings)
    result = train("dqn", "--steps", "10")
    assert result.exit_code == 3
    assert "run `recsys train gru4rec --dataset synthetic` first" in result.output


def test_an_agent_is_tried_where_it_is_not_served_and_leaves_what_it_learned(settings: Settings) -> None:
    publish_world(settings)
    result = train("dqn", "--env", "RatedCatalogue-v0", "--steps", "64")
    assert result.exit_code == 0, result.output
    assert "steps per CPU second" in result.output
    assert "It is not served" in result.output
    told = json.loads((settings.reports_dir / "synthetic" / "dqn-RatedCatalogue-v0.json").read_text())
    assert (told["environment"], told["steps"], told["looks"][0]["loss"]) == ("RatedCatalogue-v0", 64, None)
    assert (settings.reports_dir / "synthetic" / "dqn-RatedCatalogue-v0.png").read_bytes()[:4] == b"\x89PNG"
    with np.load(settings.models_dir / "agents" / "synthetic" / "RatedCatalogue-v0.npz") as network:
        assert "value.weight" in network.files


def test_data_that_are_too_few_for_an_environment_are_named(settings: Settings) -> None:
    publish_world(settings, users=2)
    result = train("dqn", "--env", "RatedCatalogue-v0")
    assert result.exit_code == 1
    assert "RatedCatalogue-v0 cannot train an agent on synthetic" in result.output
    assert "too few" in result.output
