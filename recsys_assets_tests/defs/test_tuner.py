"""The tuner in the graph: a profile, a tuner, a tuned configuration; and models that train with it, no worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest

from recsys_assets.definitions import defs
from recsys_assets.defs.tuner import KeptParams, _kept_or_made
from recsys_assets.settings import Settings, load_settings
from recsys_assets.tuner.deployed import folder_of
from recsys_assets.tuner.exhibits import Made
from recsys_assets.tuner.published import with_tuned_pipeline, with_tuned_vectors
from recsys_assets.tuner.tuned import Tuned, publish, published
from recsys_assets.tuner.unchanged import Shown
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.recommenders.conftest import QUICK

TUNED = Tuned("local-disk", "a tuner", (2, 1, 2, 1), 6, 100.0, 130.0, 0.5, 0.2, 1e6, 2, 18, True)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    interactions, catalogue = small_world()
    lake = Lake(load_settings().lake_dir)
    lake.publish_frame(interactions, "ratings", upstream={})
    lake.publish_frame(catalogue, "catalogue", upstream={})
    return load_settings()


def _materialized(settings: Settings, **asked: dict[str, Any]) -> dict[str, Mapping[str, dg.MetadataValue[Any]]]:
    """Metadata of the tuner's assets, made in one run."""
    with dg.DagsterInstance.ephemeral() as instance:
        done = (
            defs()
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(name) for name in asked],
                run_config={"ops": {name: {"config": config} for name, config in asked.items()}},
            )
        )
    assert done.success
    return {
        e.asset_key.to_user_string(): e.step_materialization_data.materialization.metadata
        for e in done.get_asset_materialization_events()
        if e.asset_key is not None
    }


@pytest.mark.filterwarnings("ignore")
def test_from_a_profile_to_a_configuration_that_models_take(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys_assets.tuner.judged.FOREIGN", 99.0)  # whoever else is on this machine
    monkeypatch.setattr("recsys_assets.tuner.real.probe.FOREIGN", 99.0)
    quick: dict[str, dict[str, Any]] = {
        "pipeline_profile": {"seconds": 0.1},
        "tuner_agent": {"steps": 100, "envs": 5, "pipelines": 4},
        "tuned_pipeline_config": {"decisions": 6, "interval": 0.15, "slow_seconds": 1.0},
    }
    metadata = _materialized(settings, **quick)
    assert "### emulated object store, 100 ms" in str(metadata["pipeline_profile"]["tables"].value)
    assert "DS2-style control" in str(metadata["tuner_agent"]["comparison"].value)
    assert str(metadata["tuner_agent"]["comparison"].value).startswith("SIMULATED.")
    log = str(metadata["tuned_pipeline_config"]["decisions"].value)
    assert log.count("\n| ") >= 12
    assert "### Slow knobs, memory" in log
    assert "slow knobs (sasrec, data in memory)" in log
    found = published(settings)
    assert set(found) == {"object-store", "local-disk"}
    assert found["object-store"].decisions >= 6
    assert all(t.reason for t in found.values())

    again = _materialized(settings, **quick)
    assert all("was not measured again" in str(again[name]["measured"].value) for name in quick)
    for name in quick:
        same = {k: v.value for k, v in again[name].items() if k != "measured"}
        assert same == {k: v.value for k, v in metadata[name].items() if k != "measured"}


def test_what_a_busy_machine_measured_is_measured_again(settings: Settings) -> None:
    made: list[bool] = []

    def measure() -> Made:
        made.append(len(made) > 0)  # disturbed the first time
        (folder_of(settings) / "planted.json").write_text("{}")
        return Made(Shown({}, {"turn": str(len(made))}, {}), sound=made[-1])

    @dg.asset
    def planted(context) -> dg.MaterializeResult:  # type: ignore[no-untyped-def]
        return _kept_or_made(context, settings, KeptParams(), measure, file="planted.json")

    folder_of(settings).mkdir(parents=True)
    told = [dg.materialize([planted]).asset_materializations_for_node("planted")[0].metadata for _ in range(4)]
    assert "measured again next time" in str(told[0]["measured"].value)
    assert [str(t["turn"].value) for t in told] == ["1", "2", "2", "2"]
    (folder_of(settings) / "planted.json").unlink()
    dg.materialize([planted])
    assert len(made) == 3, "what it published is gone"


def test_models_that_train_through_the_pipeline_follow_it_and_it_is_tuned_again_each_night() -> None:
    graph = defs().resolve_asset_graph()
    for model in ("sasrec", "time_rating_lstm", "time_rating_content", "gru4rec", "dqn_agent"):
        assert dg.AssetKey("tuned_pipeline_config") in graph.get(dg.AssetKey(model)).parent_keys
    assert dg.AssetKey("pipeline_profile") in graph.get(dg.AssetKey("tuner_agent")).parent_keys
    nightly = defs().resolve_job_def("everything").asset_layer.selected_asset_keys
    assert {dg.AssetKey(n) for n in ("pipeline_profile", "tuner_agent", "tuned_pipeline_config")} <= set(nightly)


def test_only_the_speed_is_tuned_and_only_what_nobody_has_set(settings: Settings) -> None:
    asked = {"dim": 16, "pipeline": {"batch_size": 32}}
    assert with_tuned_pipeline(settings, asked) == asked
    publish(settings, [TUNED])
    tuned = with_tuned_pipeline(settings, asked)

    assert tuned["dim"] == 16
    assert tuned["pipeline"] == {"batch_size": 32, "engine": "streaming", "stages": [2, 1, 2, 1], "prefetch": 6}
    own = {"pipeline": {"engine": "streaming", "stages": [1, 1, 1, 1], "source": "snapshot"}}
    assert with_tuned_pipeline(settings, own) == own


def test_a_configuration_that_was_not_worth_it_changes_nothing(settings: Settings) -> None:
    stored = {**TUNED.__dict__, "worth_it": False}
    publish(settings, [Tuned(**stored)])

    assert with_tuned_pipeline(settings, {"dim": 16}) == {"dim": 16}
    assert (
        json.loads((settings.data_dir / "tuner" / "synthetic" / "tuned.json").read_text())["local-disk"]["cores"] == 2
    )


def test_from_an_object_store_models_read_a_snapshot_with_the_tuned_workers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_TRAINING_STORAGE", "object-store")
    away = load_settings()
    untuned = with_tuned_pipeline(away, {})["pipeline"]
    publish(away, [Tuned(**{**TUNED.__dict__, "scenario": "object-store"})])

    assert untuned == {"engine": "streaming", "source": "snapshot", "store_latency": 0.1}
    assert with_tuned_pipeline(away, {})["pipeline"] == untuned | {"stages": [2, 1, 2, 1], "prefetch": 6}


@pytest.mark.filterwarnings("ignore")
def test_a_model_is_the_same_with_the_default_and_with_the_tuned_pipeline(settings: Settings) -> None:
    """Not as good: the same. Batches are equal byte for byte, whoever makes them and how many."""
    from recsys_assets.recommenders import build

    publish(settings, [TUNED])
    lake, small = Lake(settings.lake_dir), {"dim": 8, "epochs": 2, "window": 10, "refit": "none"}
    models = []
    for fields in (small, with_tuned_pipeline(settings, small)):
        model = build("sasrec", fields)
        model.fit(lake.read("ratings"), lake.read("catalogue"), seed=3)
        models.append(model)
    plain, tuned = models
    users = plain.users.values[:20]

    assert tuned.config.pipeline.engine == "streaming"  # type: ignore[attr-defined]
    np.testing.assert_array_equal(plain.recommend(users, 10).scores, tuned.recommend(users, 10).scores)
    notes = tuned.training_notes()  # type: ignore[attr-defined]
    assert set(notes) == {f"data_pipeline{which}" for which in ("", "_default", "_tuned", "_quality")}
    assert all("data stall" in notes[f"data_pipeline{which}"] for which in ("", "_default", "_tuned"))
    assert "equal byte for byte" in notes["data_pipeline_quality"]
    assert plain.feeding().is_default  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore")
def test_the_agent_fits_its_vectors_through_the_tuned_pipeline_and_is_the_same_agent(settings: Settings) -> None:
    from recsys_assets.recommenders import build

    publish(settings, [TUNED])
    lake = Lake(settings.lake_dir)
    tiny = {"dim": 8, "hidden": 8, "epochs": 1, "window": 20, "pipeline": {"batch_size": 8}}
    asked = QUICK["dqn_agent"] | {"sequence": {"model": "gru4rec", "width": 4, "fit": tiny}}
    agents = []
    for fields in (asked, with_tuned_vectors(settings, asked)):
        agent = build("dqn_agent", fields)
        agent.fit(lake.read("ratings"), lake.read("catalogue"), seed=3)
        agents.append(agent)
    plain, tuned = agents
    users = plain.users.values[:20]

    assert [a.vectors.config.pipeline.engine for a in agents] == ["threads", "streaming"]  # type: ignore[attr-defined]
    assert tuned.vectors.config.pipeline.batch_size == 8  # type: ignore[attr-defined]
    np.testing.assert_array_equal(plain.recommend(users, 10).scores, tuned.recommend(users, 10).scores)
    notes = tuned.training_notes()  # type: ignore[attr-defined]
    assert "equal byte for byte" in notes["data_pipeline_quality"]
    assert "sessions are simulated in this process" in notes["data_pipeline"]


def test_only_an_agents_vectors_are_tuned_and_only_where_something_was_won(settings: Settings) -> None:
    asked = {"dqn": {"steps": 10}, "sequence": {"width": 4}}
    assert with_tuned_vectors(settings, asked) == asked
    publish(settings, [TUNED])
    pipeline = {"engine": "streaming", "stages": [2, 1, 2, 1], "prefetch": 6}
    assert with_tuned_vectors(settings, asked) == {
        "dqn": {"steps": 10},
        "sequence": {"width": 4, "fit": {"pipeline": pipeline}},
    }
