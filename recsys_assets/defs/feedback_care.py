"""The feedback's night: small batches become archives, and what people say is compared with what models are trained on.

Both come before the nightly run, which trains everything from the start on what has been accepted by then.
"""

from typing import TYPE_CHECKING

import dagster as dg

from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.feedback import feedback
from recsys_assets.defs.metadata import bullet_list, numbers
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment, by_itself
from recsys_assets.settings import Settings, load_settings
from recsys_assets.warehouse.lake import Lake

if TYPE_CHECKING:
    from recsys_assets.evaluation.feedback_drift import FeedbackDrift

GROUP = "feedback"


@dg.asset(
    deps=[feedback],
    group_name=GROUP,
    kinds={"parquet"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "raw"},
    pool=DUCKDB_WRITER,
)
def feedback_archive(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Accepted batches, byte for byte, in few files; only those whose batch this graph has on record."""
    from recsys_assets.feedback.compaction import compact
    from recsys_assets.feedback.folders import Folders

    taken = context.instance.get_materialized_partitions(feedback.key)
    found = compact(Folders.of(deployment.settings()), taken=taken)
    return dg.MaterializeResult(
        metadata={
            "files": found.files,
            "events": found.events,
            "removed": found.removed,
            "archives": found.archives,
            "archived_files": found.archived_files,
            "dagster/row_count": found.archived_events,
        }
    )


@dg.asset(
    deps=[feedback, data_snapshot],
    group_name=GROUP,
    kinds={"polars", "matplotlib"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "report"},
)
def feedback_drift(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """How unlike the public ratings the feedback is: people, movies, acts, stars, popularity, texts."""
    from recsys_assets.evaluation.canvas import markdown_image
    from recsys_assets.evaluation.feedback_drift_figure import feedback_drift_figure

    drift = _drift(deployment.settings())
    return dg.MaterializeResult(
        metadata={
            **numbers(drift.figures()),
            "acts": dg.MetadataValue.json(dict(drift.acts)),
            "warnings": bullet_list(drift.warnings() or ["none"]),
            "plots": dg.MetadataValue.md(markdown_image(feedback_drift_figure(drift), alt="drift of the feedback")),
        }
    )


@dg.asset_check(
    name="like_training_data",
    asset=feedback_drift,
    description="Warns of shifts and floods; it never blocks.",
)
def like_training_data(context: dg.AssetCheckExecutionContext, deployment: Deployment) -> dg.AssetCheckResult:
    drift = _drift(deployment.settings())
    found = drift.warnings()
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(found) or f"{drift.events:,} events look like what models are trained on",
        metadata=numbers(drift.figures()),
    )


def _drift(settings: Settings) -> "FeedbackDrift":
    from recsys_assets.evaluation.feedback_drift import feedback_drift as compared
    from recsys_assets.feedback.training_data import published_feedback

    lake = Lake(settings.lake_dir)
    return compared(published_feedback(lake).events, lake.read("ratings"))


tend_feedback = dg.define_asset_job(
    "tend_feedback",
    selection=dg.AssetSelection.assets(feedback_archive, feedback_drift),
    description="Archive small batches of feedback, and compare it with the training data.",
)

before_the_nightly_run = dg.ScheduleDefinition(
    name="tend_feedback_nightly",
    job=tend_feedback,
    cron_schedule="30 1 * * *",
    execution_timezone=load_settings().timezone,
    default_status=by_itself(),
    description="At 01:30 in the zone of RECSYS_TIMEZONE, half an hour before everything is retrained.",
)
