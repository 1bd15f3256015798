"""Retraining on feedback: once for all that was accepted, nothing lost, one at a time, with pauses after failures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import EngineEventData, StepMaterializationData

from recsys_assets.definitions import defs
from recsys_assets.defs.dead_runs import close_dead_runs
from recsys_assets.defs.feedback import feedback, feedback_inbox
from recsys_assets.defs.launch import HOST_TAG, PID_TAG
from recsys_assets.defs.retraining import AGENTS_THAT_LEARN, RETRAIN_TAG, retraining_of, starts
from recsys_assets.feedback.retraining import RetrainRule
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import Settings

RULE = RetrainRule(least_events=10, longest_wait=3600, first_pause=60)
JOB, SENSOR = retraining_of(("dqn_agent",), rule=lambda: RULE)
JOB_NAME = "retrain_on_feedback"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def a_run(
    instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus, tags: Mapping[str, str] | None = None
) -> dg.DagsterRun:
    return instance.create_run_for_job(defs().resolve_job_def(job), status=status, tags=tags)


def takes(
    instance: dg.DagsterInstance, batch: str, events: int, *, status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS
) -> None:
    """A run that has taken `batch`: `events` are published since."""
    run = a_run(instance, "take_feedback", status)
    made = dg.AssetMaterialization(
        feedback.key, partition=batch, metadata={"feedback_version": f"v{events}", "feedback_events": events}
    )
    instance.report_dagster_event(
        dg.DagsterEvent(
            event_type_value="ASSET_MATERIALIZATION",
            job_name="take_feedback",
            event_specific_data=StepMaterializationData(made),
        ),
        run_id=run.run_id,
    )


def learns(instance: dg.DagsterInstance, events: int, *, agent: str = "dqn_agent") -> None:
    facts = {"feedback_version": f"v{events}" if events else "none", "feedback_events": events}
    instance.report_runless_asset_event(dg.AssetMaterialization(agent, metadata=facts))


def tick(instance: dg.DagsterInstance, sensor: dg.SensorDefinition = SENSOR) -> Any:
    with dg.build_sensor_context(instance=instance) as context:
        return sensor(context)


def why_not(instance: dg.DagsterInstance) -> str:
    found = tick(instance)
    assert isinstance(found, dg.SkipReason), found
    return str(found.skip_message)


def test_all_batches_since_the_last_training_are_one_retraining(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    for batch, events in (("b1", 4), ("b2", 8), ("b3", 12)):
        takes(instance, batch, events)
    request = tick(instance)
    assert isinstance(request, dg.RunRequest)
    assert request.tags["recsys/feedback_version"] == "v12"
    assert tick(instance).run_key == request.run_key, "a lost tick asks for the same run"
    learns(instance, 12)
    assert "all 12 accepted events have been learned from" in why_not(instance)


def test_batches_that_came_while_a_training_ran_are_learned_from_next(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 12)
    running = a_run(instance, JOB_NAME, dg.DagsterRunStatus.STARTED)
    takes(instance, "b2", 24)
    assert "under way" in why_not(instance)
    learns(instance, 12)  # it had read the feedback before b2 came
    instance.delete_run(running.run_id)
    assert isinstance(tick(instance), dg.RunRequest)


def test_batches_whose_run_failed_its_checks_are_no_reason_to_retrain(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 50, status=dg.DagsterRunStatus.FAILURE)
    assert "no feedback has been accepted" in why_not(instance)
    takes(instance, "b2", 51)
    assert isinstance(tick(instance), dg.RunRequest)


def test_few_events_wait(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 9)
    assert "9 events are new to dqn_agent; 10 are waited for, or 3,6" in why_not(instance)


def test_what_was_never_trained_is_left_to_the_nightly_run_and_not_trained_beside_it(
    instance: dg.DagsterInstance,
) -> None:
    takes(instance, "b1", 50)
    assert "dqn_agent was never trained" in why_not(instance)
    learns(instance, 0)
    a_run(instance, "everything", dg.DagsterRunStatus.STARTED)
    assert "a run of everything is under way" in why_not(instance)


def test_a_run_that_a_killed_daemon_has_created_but_not_started_holds_nothing_up(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 50)
    a_run(instance, JOB_NAME, dg.DagsterRunStatus.NOT_STARTED)
    assert isinstance(tick(instance), dg.RunRequest)


def test_failures_are_paused_after_and_asked_for_under_another_key(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 50)
    first = tick(instance)
    time.sleep(0.01)
    a_run(instance, JOB_NAME, dg.DagsterRunStatus.FAILURE)
    assert "the last 1 retraining(s) failed; look at the last run" in why_not(instance)
    _, impatient = retraining_of(("dqn_agent",), rule=lambda: RetrainRule(least_events=1, first_pause=0))
    assert tick(instance, impatient).run_key != first.run_key


def test_a_challenger_that_lost_its_trial_is_no_failure_to_learn(instance: dg.DagsterInstance) -> None:
    learns(instance, 0)
    takes(instance, "b1", 50)
    a_run(instance, JOB_NAME, dg.DagsterRunStatus.FAILURE)  # by its trial, after
    time.sleep(0.01)
    learns(instance, 50)
    takes(instance, "b2", 100)
    assert isinstance(tick(instance), dg.RunRequest)


def test_every_agent_that_learns_is_retrained_tried_and_promoted_by_one_job() -> None:
    chosen = {k.to_user_string() for k in defs().resolve_job_def(JOB_NAME).asset_layer.selected_asset_keys}
    assert set(AGENTS_THAT_LEARN) <= chosen
    assert {f"{agent}{part}" for agent in AGENTS_THAT_LEARN for part in ("_trial", "_champion")} <= chosen
    assert RETRAIN_TAG in defs().resolve_job_def(JOB_NAME).tags
    sensor = defs().resolve_sensor_def(f"{JOB_NAME}_sensor")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_only_agents_that_can_go_on_from_their_champion_are_told_to() -> None:
    assert starts(("dqn_agent", "no_model"), "champion") == {}


def test_what_a_killed_run_has_moved_but_not_reported_is_taken_as_it_stands(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    folders = Folders.of(settings)
    folders.inbox.mkdir(parents=True)
    folders.accepted.mkdir()
    (folders.accepted / "b1.ndjson").write_text("{}\n")
    assert isinstance(tick(instance, feedback_inbox), dg.SensorResult)
    takes(instance, "b1", 1)
    assert isinstance(tick(instance, feedback_inbox), dg.SkipReason)


def test_what_was_reported_by_a_run_that_did_not_end_well_is_checked_again(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    takes(instance, "b1", 1, status=dg.DagsterRunStatus.FAILURE)
    asked = tick(instance, feedback_inbox)
    assert isinstance(asked, dg.SensorResult)
    takes(instance, "b1", 1)
    assert isinstance(tick(instance, feedback_inbox), dg.SkipReason)


def test_a_run_whose_process_is_gone_is_closed_and_others_are_let_be(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(instance), "run_launcher", dg.DefaultRunLauncher())
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, alive, unknown = (a_run(instance, "take_feedback", dg.DagsterRunStatus.STARTED) for _ in range(3))
    for run, pid in ((dead, gone.pid), (alive, os.getpid())):
        facts = EngineEventData.in_process(pid)
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run, facts)
    assert close_dead_runs(instance) == [dead.run_id]
    statuses = [instance.get_run_by_id(run.run_id).status for run in (dead, alive, unknown)]  # type: ignore[union-attr]
    assert statuses == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTED]


def test_a_run_of_a_terminal_whose_process_is_gone_is_closed_too(instance: dg.DagsterInstance) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    tags = {HOST_TAG: socket.gethostname(), PID_TAG: str(gone.pid)}
    run = a_run(instance, "everything", dg.DagsterRunStatus.STARTED, tags)
    assert close_dead_runs(instance) == [run.run_id]
