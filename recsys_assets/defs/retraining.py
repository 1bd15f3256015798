"""Retraining on feedback: once for all batches accepted since what learns last learned.

The sensor keeps no cursor. What is accepted is what the newest successful run of `feedback` says is published; what was
seen is what the newest materialization of each agent says it has read. An `@asset_sensor` would look at the latest
batch of a tick only, and forget those that came while a training ran or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from recsys_assets.defs.feedback import UNFINISHED, feedback
from recsys_assets.feedback.retraining import RetrainRule, Seen, decide_retraining
from recsys_assets.feedback.training_data import NO_FEEDBACK
from recsys_assets.recommenders import MODELS, config_class
from recsys_assets.settings import load_settings

AGENTS_THAT_LEARN = ("ppo_agent",)
"""Assets that are trained again when enough feedback has come. Each says what it has read (`metadata.feedback_seen`),
and those that are models are tried against their champions afterwards."""
RETRAIN_TAG = "recsys/retraining"
"""Of runs that retrain on feedback; the instance lets one of them run at a time."""
PAGE = 500
NIGHTLY_JOB = "everything"
FAILED = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def retraining_of(
    agents: Sequence[str], *, rule: Callable[[], RetrainRule] | None = None, name: str = "retrain_on_feedback"
) -> tuple[Any, dg.SensorDefinition]:
    """Job and sensor that keep `agents` (names of assets) up with the feedback. `rule`: by default that of settings."""
    tried = [f"{agent}{suffix}" for agent in agents if agent in MODELS for suffix in ("_trial", "_champion")]
    job = dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*agents, *tried),
        config={"ops": starts(agents, "champion")} if starts(agents, "champion") else None,
        tags={RETRAIN_TAG: name},
        description="Train what learns from feedback on all that was accepted, and try it against its champion.",
    )
    in_force = rule or _rule_of_settings

    @dg.sensor(
        name=f"{name}_sensor",
        job=job,
        minimum_interval_seconds=load_settings().sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Retrains once for all feedback accepted since the last retraining, when there is enough of it or "
        "it has waited long enough (RECSYS_RETRAIN_LEAST_EVENTS, RECSYS_RETRAIN_LONGEST_WAIT).",
    )
    def on_feedback(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _tick(context.instance, agents, name, in_force())

    return job, on_feedback


def _rule_of_settings() -> RetrainRule:
    settings = load_settings()
    return RetrainRule(
        least_events=settings.retrain_least_events,
        longest_wait=settings.retrain_longest_wait,
        first_pause=settings.retrain_first_pause,
    )


def starts(agents: Sequence[str], start: str) -> dict[str, Any]:
    """Op config by which agents that can go on from their champion do so (`champion`), or begin anew (`scratch`)."""
    able = [a for a in agents if a in MODELS and "start" in config_class(a).model_fields]
    return {agent: {"config": {"start": start}} for agent in able}


@dataclass(frozen=True)
class _Accepted:
    seen: Seen
    storage_id: int


def _tick(
    instance: dg.DagsterInstance, agents: Sequence[str], job: str, rule: RetrainRule
) -> dg.RunRequest | dg.SkipReason:
    for busy in (job, NIGHTLY_JOB):
        if instance.get_runs_count(dg.RunsFilter(job_name=busy, statuses=UNFINISHED)):
            return dg.SkipReason(f"a run of {busy} is under way; what it does not see is looked for when it has ended")
    accepted = next(_accepted(instance), None)
    if accepted is None:
        return dg.SkipReason("no feedback has been accepted yet")
    trained = {agent: instance.get_latest_materialization_event(dg.AssetKey(agent)) for agent in agents}
    if never := [agent for agent, event in trained.items() if event is None]:
        return dg.SkipReason(f"{', '.join(never)} was never trained; the nightly run is the first to do so")
    learners = {agent: _seen(_metadata(event)) for agent, event in trained.items()}
    oldest = min(event.timestamp for event in trained.values() if event)
    failures, last_failure = _failures(instance, job, since=oldest)
    decision = decide_retraining(
        accepted.seen,
        learners,
        rule,
        now=datetime.now(UTC),
        waiting_since=_waiting_since(instance, min(seen.events for seen in learners.values())),
        failures=failures,
        last_failure=last_failure,
    )
    if not decision.due:
        return dg.SkipReason(decision.reason)
    tags = {"recsys/feedback_version": accepted.seen.version, "recsys/why": decision.reason}
    return dg.RunRequest(run_key=f"retrain:{accepted.storage_id}:{failures}", tags=tags)


def _accepted(instance: dg.DagsterInstance) -> Iterator[_Accepted]:
    """What each materialization of `feedback` published, newest first, where its run (and so its checks) succeeded."""
    for record, metadata in _successful(instance):
        if "feedback_version" in metadata:
            yield _Accepted(_seen(metadata), record.storage_id)


def _waiting_since(instance: dg.DagsterInstance, seen: int) -> datetime | None:
    """When the first of the events was accepted that are more than `seen`."""
    first = None
    for record, metadata in _successful(instance):
        if _seen(metadata).events <= seen:
            break
        first = datetime.fromtimestamp(record.timestamp, UTC)
    return first


def _successful(instance: dg.DagsterInstance) -> Iterator[tuple[dg.EventLogRecord, Mapping[str, Any]]]:
    """Materializations of `feedback` by runs that succeeded, newest first."""
    cursor, succeeded = None, {}
    while True:
        page = instance.fetch_materializations(feedback.key, limit=PAGE, cursor=cursor)
        for record in page.records:
            if record.run_id not in succeeded:
                run = instance.get_run_by_id(record.run_id)
                succeeded[record.run_id] = run is not None and run.status == dg.DagsterRunStatus.SUCCESS
            if succeeded[record.run_id]:
                yield record, _metadata(record.event_log_entry)
        cursor = page.cursor
        if not page.has_more:
            return


def _metadata(event: dg.EventLogEntry | None) -> Mapping[str, Any]:
    found = event.asset_materialization if event else None
    return found.metadata if found else {}


def _seen(metadata: Mapping[str, Any]) -> Seen:
    """As materializations of `feedback` and of agents say; one from before they said so has seen nothing."""
    version, events = metadata.get("feedback_version"), metadata.get("feedback_events")
    return Seen(str(version.value) if version else NO_FEEDBACK, int(events.value) if events else 0)


def _failures(instance: dg.DagsterInstance, job: str, *, since: float) -> tuple[int, datetime | None]:
    """Runs that failed and began after the last training, and the end of the last. A challenger that lost its trial
    fails its run too, but had been trained: it began before.
    """
    records = instance.get_run_records(
        dg.RunsFilter(job_name=job, statuses=FAILED, created_after=datetime.fromtimestamp(since, UTC)), limit=100
    )
    if not records:
        return 0, None
    return len(records), max(r.update_timestamp for r in records).astimezone(UTC)


retrain_on_feedback, retrain_sensor = retraining_of(AGENTS_THAT_LEARN)
