"""Feedback on its way in: sealed batches become partitions of `feedback`, by a sensor that looks at files.

The sensor keeps no mark of what it has seen: what is in the inbox is waiting, what was taken has been moved. So a name
that comes late, a tick that is lost, or a daemon that is killed changes nothing but when.
"""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from itertools import takewhile

import dagster as dg

from recsys_assets.defs.metadata import column_schema, event_times, feedback_seen
from recsys_assets.defs.quality import expectation_specs, validated
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment
from recsys_assets.feedback.folders import Folders
from recsys_assets.feedback.store import (
    BatchReport,
    ingest_batches,
    publish_feedback,
    taken_batches,
    waiting_batches,
)
from recsys_assets.quality.validate import broken_now
from recsys_assets.settings import load_settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake, Snapshot
from recsys_assets.warehouse.tables import FEEDBACK

BATCHES = dg.DynamicPartitionsDefinition(name="feedback_batches")
MOST_AT_ONCE = 100
"""Batches of one run."""
MOST_TRIES = 5
"""Runs that may fail on the same batches before the sensor asks for a person."""
TABLE = dg.AssetKey("feedback")
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
WAITING_TAG = "recsys/feedback_waiting"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""Without `NOT_STARTED`: a daemon that was killed left such a run; it starts when its key is asked for again."""
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy: else a run for each batch

    @dg.asset(
        deps=["movies"],
        partitions_def=BATCHES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="feedback",
        kinds={"duckdb", "parquet"},
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        tags={"layer": "validated"},
        metadata={"dagster/column_schema": column_schema(FEEDBACK)},
        pool=DUCKDB_WRITER,
    )
    def feedback(context: dg.AssetExecutionContext, deployment: Deployment) -> None:
        """What people did with what they were shown: each event once; a bad batch is put aside and blocks no other.

        Published only where no critical rule is broken: readers keep the events they have until it is mended.
        """
        settings = deployment.settings()
        with Warehouse.of(settings).connect() as con:
            reports = ingest_batches(con, Folders.of(settings), context.partition_keys, progress=context.log.info)
            broken = broken_now(con, FEEDBACK)
            snapshot = None if broken else publish_feedback(con, Lake(settings.lake_dir))
        for report in reports:
            context.add_asset_metadata(
                _described(report) | (_published(snapshot) if snapshot else {"not_published": "; ".join(broken)}),
                partition_key=report.batch,
            )


def _described(report: BatchReport) -> dict[str, object]:
    counts = {"accepted": report.accepted, "repeated": report.repeated, "refused": report.refused}
    return {**counts, "rejected": report.reason} if report.rejected else {**counts, "content": report.sha256[:16]}


def _published(snapshot: Snapshot) -> dict[str, object]:
    return {
        **feedback_seen(snapshot.version, snapshot.rows),
        **event_times(snapshot.first_event, snapshot.last_event),
    }


@dg.multi_asset_check(
    name="feedback_expectations", specs=expectation_specs([FEEDBACK]), can_subset=True, pool=DUCKDB_WRITER
)
def feedback_expectations(
    context: dg.AssetCheckExecutionContext, deployment: Deployment
) -> Iterator[dg.AssetCheckResult]:
    """Does every event keep its declaration?"""
    yield from validated(context, deployment)


take_feedback = dg.define_asset_job(
    "take_feedback",
    selection=dg.AssetSelection.assets(feedback),
    partitions_def=None,
    description="Take sealed batches of feedback from the inbox.",
)


@dg.sensor(
    job=take_feedback,
    minimum_interval_seconds=load_settings().sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers each sealed batch of `data/feedback/<dataset>/inbox/` as a partition, and takes what waits.",
)
def feedback_inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    folders, instance = Folders.of(load_settings()), context.instance
    waiting = waiting_batches(folders) or _left_behind(instance, folders)
    if not waiting:
        return dg.SkipReason("no batch waits in the inbox")
    if instance.get_runs_count(dg.RunsFilter(job_name=take_feedback.name, statuses=UNFINISHED)):
        return dg.SkipReason(f"{len(waiting)} batches wait for the run that takes those before them")
    registered = instance.get_dynamic_partitions(str(BATCHES.name))
    new = [name for name in waiting if name not in set(registered)]
    chosen = _contiguous([*registered, *new], waiting)[:MOST_AT_ONCE]
    digest = hashlib.sha256("\n".join(chosen).encode()).hexdigest()[:16]
    tagged = dg.RunsFilter(job_name=take_feedback.name, statuses=FINISHED, tags={WAITING_TAG: digest})
    tries = instance.get_runs(tagged)
    failed = list(takewhile(lambda run: run.status != dg.DagsterRunStatus.SUCCESS, tries))
    if len(failed) >= MOST_TRIES:
        return dg.SkipReason(
            f"{len(failed)} runs could not take {chosen[0]} and {len(chosen) - 1} more batches; look at the last run, "
            "mend what it says, and materialize `feedback` for them"
        )
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"feedback:{digest}:{len(tries)}",
                tags={RANGE_START: chosen[0], RANGE_END: chosen[-1], WAITING_TAG: digest},
            )
        ],
        dynamic_partitions_requests=[BATCHES.build_add_request(new)] if new else [],
    )


def _left_behind(instance: dg.DagsterInstance, folders: Folders) -> list[str]:
    """Batches that a killed run has moved but not reported, or reported but not checked: to be taken as they stand."""
    if unreported := sorted(taken_batches(folders) - instance.get_materialized_partitions(TABLE)):
        return unreported
    newest = next(iter(instance.fetch_materializations(TABLE, limit=1).records), None)
    run = instance.get_run_by_id(newest.run_id) if newest else None
    unchecked = run is not None and run.status in FINISHED and run.status != dg.DagsterRunStatus.SUCCESS
    return [newest.partition_key] if newest and newest.partition_key and unchecked else []


def _contiguous(order: Sequence[str], waiting: Sequence[str]) -> list[str]:
    """The first of `waiting` that stand side by side in the order of registration: a run takes a range of these."""
    places = sorted(order.index(name) for name in waiting)
    run = [place for n, place in enumerate(places) if place == places[0] + n]
    return [order[place] for place in run]
