"""The feedback's night."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from recsys_assets.definitions import defs
from recsys_assets.defs.feedback import BATCHES, feedback
from recsys_assets.defs.feedback_care import feedback_archive, feedback_drift, like_training_data
from recsys_assets.defs.launch import LaunchError, selected_assets
from recsys_assets.defs.resources import Deployment
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.evaluation.test_feedback_drift import events, public
from recsys_assets_tests.pictures import leave_undrawn


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def deployed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    leave_undrawn(monkeypatch)
    return settings


def tend(instance: dg.DagsterInstance, *what: object) -> dg.ExecuteInProcessResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dg.materialize(list(what), instance=instance, resources={"deployment": Deployment()})  # type: ignore[arg-type]


def test_only_batches_on_record_are_archived(deployed: Settings, instance: dg.DagsterInstance) -> None:
    folders = Folders.of(deployed)
    folders.accepted.mkdir(parents=True)
    for name in ("known", "unknown"):
        (folders.accepted / f"{name}.ndjson").write_text("{}\n{}\n")
    instance.add_dynamic_partitions(str(BATCHES.name), ["known"])
    instance.report_runless_asset_event(dg.AssetMaterialization(feedback.key, partition="known"))
    (made,) = tend(instance, feedback_archive).asset_materializations_for_node("feedback_archive")
    assert (made.metadata["files"].value, made.metadata["dagster/row_count"].value) == (1, 2)
    assert [p.stem for p in folders.accepted.iterdir()] == ["unknown"]


def test_a_flood_warns_and_blocks_nothing(deployed: Settings, instance: dg.DagsterInstance) -> None:
    lake = Lake(deployed.lake_dir)
    lake.publish_frame(public(), "ratings", upstream={})
    flood = events(public(400).with_columns(movie_id=7)).with_columns(batch_id=pl.lit("b"))
    lake.publish_frame(flood, "feedback", upstream={})
    result = tend(instance, feedback_drift, like_training_data)
    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert "one movie got 100% of all events" in (check.description or "")
    (made,) = result.asset_materializations_for_node("feedback_drift")
    assert made.metadata["busiest_movie"].value == 1


def test_before_there_is_feedback_nothing_is_warned_of(deployed: Settings, instance: dg.DagsterInstance) -> None:
    Lake(deployed.lake_dir).publish_frame(public(), "ratings", upstream={})
    result = tend(instance, feedback_drift, like_training_data, feedback_archive)
    assert result.success
    assert result.get_asset_check_evaluations()[0].passed


def test_it_is_done_half_an_hour_before_the_nightly_run() -> None:
    assert defs().resolve_schedule_def("tend_feedback_nightly").cron_schedule == "30 1 * * *"
    chosen = {k.to_user_string() for k in defs().resolve_job_def("tend_feedback").asset_layer.selected_asset_keys}
    assert chosen == {"feedback_archive", "feedback_drift"}


def test_what_has_a_job_of_its_own_is_said_so_on_the_command_line() -> None:
    with pytest.raises(LaunchError, match="feedback_drift is made by a job of its own"):
        selected_assets("feedback_drift")
