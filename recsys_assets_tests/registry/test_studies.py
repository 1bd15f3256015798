"""A search in MLflow: one parent, a run a trial, none twice, no pickle."""

from __future__ import annotations

import json

import pytest

from recsys_assets.registry.bootstrap import open_store
from recsys_assets.registry.studies import report_path, tune
from recsys_assets.settings import Settings
from recsys_assets_tests.registry.test_trial import publish_world


@pytest.fixture
def published(settings: Settings) -> Settings:
    publish_world(settings)
    return settings


def test_every_trial_is_a_run_inside_the_search_and_a_search_that_goes_on_logs_none_twice(published: Settings) -> None:
    first = tune(published, "popularity", "leave-one-out", trials=3)
    tuned = tune(published, "popularity", "leave-one-out", trials=11)
    assert tuned.run_id == first.run_id
    client = open_store(published)
    experiment = client.get_experiment_by_name("recsys/synthetic/tuning")
    runs = client.search_runs([experiment.experiment_id])
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == tuned.run_id]
    assert len(runs) == 12
    logged = {int(r.data.tags["trial"]): (r.data.metrics["value"], r.data.params["order"]) for r in children}
    assert logged == {t.number: (t.value, t.params["order"]) for t in tuned.search.trials}
    parent = client.get_run(tuned.run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["best"] == tuned.search.best.value
    assert json.loads(parent.data.tags["best_config"]) == tuned.search.config
    plots = published.mlflow_artifacts / "synthetic" / "tuning" / tuned.run_id / "artifacts" / "plots"
    assert {p.name for p in plots.iterdir()} == {"history.png", "importance.png"}
    assert [p for p in published.models_dir.rglob("*") if p.suffix in (".pkl", ".pickle")] == []


def test_the_best_settings_are_written_beside_the_reports(published: Settings) -> None:
    tuned = tune(published, "popularity", "temporal", trials=4, seed=9)
    document = json.loads(report_path(published, "popularity").read_text())
    assert document["config"] == tuned.search.config
    assert document["default_value"] <= document["best_value"] == tuned.search.best.value
    assert (document["seed"], document["objective"], len(document["trials"])) == ("9", "temporal", 4)
    assert document["split_version"]


def test_other_data_begin_another_search(published: Settings) -> None:
    one = tune(published, "popularity", "temporal", trials=2)
    publish_world(published, seed=3)
    other = tune(published, "popularity", "temporal", trials=2)
    assert other.run_id != one.run_id
    assert len(list((published.models_dir / "tuning" / "synthetic").glob("*.jsonl"))) == 2
