"""A model made with a published one: it is there, of the same data, taken where it may be, and named in the lineage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys_assets.evaluation.training import Trained
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.registry import NotRegisteredError, Registry, RegistryError, training
from recsys_assets.registry.training import TrainedVersion, train_and_register
from recsys_assets.registry.upstream import upstream_of
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.snapshot import current_snapshot
from recsys_assets_tests.recommenders.conftest import QUICK
from recsys_assets_tests.registry.test_trial import publish_world

AGENT = "dqn_agent"


def _train(settings: Settings, model: str, told: list[str] | None = None, **changes: Any) -> TrainedVersion:
    config = {**QUICK[model], **changes}
    return train_and_register(settings, model, config=config, progress=(told if told is not None else []).append)


def _only_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = training.train

    def some(*args: Any, **kwargs: Any) -> Trained:
        return whole(*args, **kwargs | {"protocols": ("temporal",)})

    monkeypatch.setattr(training, "train", some)


def test_the_lineage_of_the_agent_names_data_features_splits_and_the_sequence_model(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One chain: what the run, the version, both exports and the asset say is what was published and registered."""
    publish_world(settings)
    _only_temporal(monkeypatch)
    _train(settings, "gru4rec")
    second = _train(settings, "gru4rec", epochs=2)
    told: list[str] = []
    trained = _train(settings, AGENT, told)
    registry, snapshot, lake = Registry(settings), current_snapshot(Lake(settings.lake_dir)), Lake(settings.lake_dir)
    expected = {
        "data_version": snapshot.version,
        "ratings_version": lake.snapshot("ratings").version,
        "feature_version": lake.snapshot("catalogue").version,
        "split_version": lake.snapshot("splits").version,
        "gru4rec_version": "2",
        "gru4rec_content": second.version.content,
        "gru4rec_run_id": second.version.run_id,
    }
    version = registry.version(AGENT, "challenger")
    assert {name: version.tags[name] for name in expected} == expected
    assert {name: trained.lineage[name] for name in expected} == expected
    for part in ("holdout", "serving"):
        manifest = read_manifest(registry.artifact(AGENT, 1, part=part))
        assert expected.items() <= manifest.items()
        assert not {"published", "checkpoints"} & set(manifest["config"]), "the agent's, not this machine's"
        assert str(settings.models_dir) not in json.dumps(manifest)
    taken = [line for line in told if "movies as the published gru4rec" in line]
    assert len(taken) == 2, "what is judged takes the version's hold-out export, what is served its serving export"
    assert not any("fitting gru4rec" in line for line in told)
    _shows_its_training(settings, version.run_id, trained)


def _shows_its_training(settings: Settings, run_id: str, trained: TrainedVersion) -> None:
    """Pictures in the asset and in MLflow, and the same curves as numbers in MLflow."""
    from mlflow import MlflowClient

    client = MlflowClient(settings.mlflow_uri, settings.mlflow_uri)
    shown = {"return", "loss", "q_scale", "epsilon"}
    assert shown <= set(trained.plots_markdown)
    assert {f"plots/{name}.png" for name in shown} <= {f.path for f in client.list_artifacts(run_id, "plots")}
    for name in ("eval/mean_reward", "rollout/exploration_rate", "train/max_q"):
        assert [point.step for point in client.get_metric_history(run_id, name)] == [0, 256, 512]
    assert [point.step for point in client.get_metric_history(run_id, "train/loss")] == [256, 512]  # none before
    assert trained.notes["training_ended"] == "all steps done"
    assert client.get_run(run_id).data.tags["training_ended"] == "all steps done"


def test_a_sequence_model_that_is_not_there_or_of_other_data_is_named_with_the_remedy(settings: Settings) -> None:
    publish_world(settings)
    with pytest.raises(NotRegisteredError, match="no model 'gru4rec' is registered"):
        _train(settings, AGENT)
    _train(settings, "gru4rec")
    publish_world(settings, seed=3)
    with pytest.raises(RegistryError, match=r"gru4rec, whose newest version 1 .* Re-materialize `gru4rec`"):
        _train(settings, AGENT)


def test_an_agent_without_sequence_features_needs_no_other_model(settings: Settings) -> None:
    lineage = {"data_version": "d", "split_version": "s"}
    with pytest.raises(NotRegisteredError):
        upstream_of(Registry(settings), AGENT, {}, lineage=lineage)
    assert upstream_of(Registry(settings), AGENT, {"sequence": {"model": "none"}}, lineage=lineage) == ()
    assert upstream_of(Registry(settings), "ease", {}, lineage=lineage) == ()
