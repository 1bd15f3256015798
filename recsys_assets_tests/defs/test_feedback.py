"""The inbox sensor and the asset that takes batches: nothing is taken twice, and nothing is left behind."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import dagster as dg
import pytest

from recsys_assets.definitions import defs
from recsys_assets.defs.feedback import RANGE_END, RANGE_START, WAITING_TAG, feedback, feedback_inbox
from recsys_assets.defs.ingest import validated_tables
from recsys_assets.defs.resources import Deployment
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake


@pytest.fixture
def folders(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("RECSYS_DATASET", settings.dataset)
    with Warehouse.of(settings).connect() as con:
        con.execute("CREATE TABLE movies AS SELECT unnest(range(1, 50)) AS movie_id")
    found = Folders.of(settings)
    found.inbox.mkdir(parents=True)
    return found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def drop(folders: Folders, name: str, *ids: int) -> None:
    lines = [
        json.dumps(
            {"event_id": f"e{n}", "user_id": 1, "movie_id": 7, "action": "like", "timestamp": "2026-11-25T10:00:00Z"}
        )
        for n in ids
    ]
    (folders.inbox / f"{name}.ndjson").write_text("\n".join(lines) + "\n")


def tick(instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    """What the daemon does with a sensor, but for starting the run."""
    with dg.build_sensor_context(instance=instance) as context:
        result = feedback_inbox(context)
    assert isinstance(result, (dg.SensorResult, dg.SkipReason))
    if isinstance(result, dg.SensorResult):
        for request in result.dynamic_partitions_requests or []:
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
    return result


def take(instance: dg.DagsterInstance, settings: Settings, result: dg.SensorResult) -> dg.ExecuteInProcessResult:
    request = (result.run_requests or [])[0]
    return dg.materialize(
        [feedback, validated_tables],
        selection=[feedback],
        instance=instance,
        resources={"deployment": Deployment(dataset=settings.dataset)},
        tags=dict(request.tags),
        raise_on_error=False,
    )


def test_what_waits_is_registered_and_taken_in_one_run(
    settings: Settings, folders: Folders, instance: dg.DagsterInstance
) -> None:
    drop(folders, "b1", 1, 2)
    drop(folders, "b2", 2, 3)
    result = tick(instance)
    assert isinstance(result, dg.SensorResult)
    tags = (result.run_requests or [])[0].tags
    assert (tags[RANGE_START], tags[RANGE_END]) == ("b1", "b2")
    assert take(instance, settings, result).success
    records = instance.fetch_materializations(feedback.key, limit=10).records
    figures = {r.partition_key: r.asset_materialization.metadata for r in records if r.asset_materialization}
    assert {k: (v["accepted"].value, v["repeated"].value) for k, v in figures.items()} == {"b1": (2, 0), "b2": (1, 1)}
    assert Lake(settings.lake_dir).read("feedback")["event_id"].to_list() == ["e1", "e2", "e3"]
    assert isinstance(tick(instance), dg.SkipReason)


def test_a_tick_that_was_lost_is_made_up_for_and_late_names_are_taken(
    settings: Settings, folders: Folders, instance: dg.DagsterInstance
) -> None:
    drop(folders, "b5", 5)
    lost = tick(instance)  # the daemon was killed before the run was started
    again = tick(instance)
    assert isinstance(lost, dg.SensorResult)
    assert isinstance(again, dg.SensorResult)
    assert (lost.run_requests or [])[0].run_key == (again.run_requests or [])[0].run_key
    take(instance, settings, again)
    drop(folders, "b1-late", 1)
    late = tick(instance)
    assert isinstance(late, dg.SensorResult)
    assert take(instance, settings, late).success
    assert Lake(settings.lake_dir).read("feedback")["event_id"].to_list() == ["e1", "e5"]


def test_a_failed_run_is_asked_for_again_under_another_key_and_not_for_ever(
    settings: Settings, folders: Folders, instance: dg.DagsterInstance
) -> None:
    drop(folders, "b1", 1)
    with Warehouse.of(settings).connect() as con:
        con.execute("ALTER TABLE movies RENAME TO away")
    keys = set()
    for _ in range(5):
        result = tick(instance)
        assert isinstance(result, dg.SensorResult)
        request = (result.run_requests or [])[0]
        keys.add(request.run_key)
        instance.create_run_for_job(
            defs().resolve_job_def("take_feedback"),
            tags={WAITING_TAG: request.tags[WAITING_TAG]},
            status=dg.DagsterRunStatus.FAILURE,
        )
        assert not take(instance, settings, result).success
    assert len(keys) == 5
    given_up = tick(instance)
    assert isinstance(given_up, dg.SkipReason)
    assert "mend" in str(given_up.skip_message)
    drop(folders, "b2", 2)  # others are not held up
    assert isinstance(tick(instance), dg.SensorResult)


def test_batches_in_any_order_with_bad_ones_among_them_are_all_counted_once(
    settings: Settings, folders: Folders, instance: dg.DagsterInstance
) -> None:
    rng = random.Random(3)
    names = [f"b{n:03d}" for n in range(40)]
    rng.shuffle(names)
    sent: set[str] = set()
    while names or isinstance(result := tick(instance), dg.SensorResult):
        for name in names[:9]:
            ids = [int(name[1:]), rng.randrange(40)]
            drop(folders, name, *dict.fromkeys(ids))
            sent |= {f"e{i}" for i in ids}
        if len(names) == 40:
            (folders.inbox / "broken.ndjson").write_text("{\n")
        names = names[9:]
        result = tick(instance)
        if isinstance(result, dg.SensorResult):
            assert take(instance, settings, result).success
    stored = Lake(settings.lake_dir).read("feedback")["event_id"].to_list()
    assert sorted(stored) == sorted(sent)
    assert [p.name for p in folders.rejected.glob("*.txt")] == ["broken.reason.txt"]


def test_feedback_is_taken_by_its_own_job_and_not_nightly() -> None:
    assert feedback.key not in defs().resolve_job_def("everything").asset_layer.selected_asset_keys
    assert defs().resolve_sensor_def("feedback_inbox").default_status == dg.DefaultSensorStatus.RUNNING


def test_what_breaks_a_critical_rule_is_not_published_and_readers_keep_what_they_have(
    settings: Settings, folders: Folders, instance: dg.DagsterInstance
) -> None:
    drop(folders, "b1", 1)
    first = tick(instance)
    assert isinstance(first, dg.SensorResult)
    take(instance, settings, first)
    with Warehouse.of(settings).connect() as con:
        con.execute("UPDATE feedback SET action = 'applaud' WHERE event_id = 'e1'")
    drop(folders, "b2", 2)
    second = tick(instance)
    assert isinstance(second, dg.SensorResult)
    take(instance, settings, second)

    newest = instance.fetch_materializations(feedback.key, limit=1).records[0].asset_materialization
    assert newest is not None
    assert "feedback_version" not in newest.metadata, "the retraining sensor would take it for accepted"
    assert "applaud" in str(newest.metadata["not_published"].value) or "action" in str(
        newest.metadata["not_published"].value
    )
    assert Lake(settings.lake_dir).read("feedback")["event_id"].to_list() == ["e1"]
