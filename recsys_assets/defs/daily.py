"""Ratings by day: partitions that can be filled, and filled again, for any range of days from the web UI."""

import warnings
from datetime import date, timedelta

import dagster as dg

from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.metadata import column_schema, event_times
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.warehouse.days import publish_days
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.tables import EARLIEST_EVENT, RATINGS

RATING_DAYS = dg.DailyPartitionsDefinition(start_date=EARLIEST_EVENT, timezone="UTC", end_offset=1)
"""Every day on which a public rating was given, today included."""


with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy: else a run for each of 11,000 days

    @dg.asset(
        deps=[data_snapshot],
        partitions_def=RATING_DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="daily",
        kinds={"polars", "parquet"},
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        tags={"layer": "published"},
        metadata={"dagster/column_schema": column_schema(RATINGS)},
    )
    def ratings_by_day(context: dg.AssetExecutionContext, deployment: Deployment) -> None:
        """Published ratings, a parquet file for each day (UTC) they were given; a range of days is one run.

        The dialog *Materialize* begins with the last 90 days: choose *Show all partitions* there for older ones.
        """
        lake = Lake(deployment.settings().lake_dir)
        window = context.partition_time_window
        first, last = window.start.date(), window.end.date() - timedelta(days=1)
        for day in publish_days(lake, first, last, progress=context.log.info):
            context.add_asset_metadata(
                {
                    "dagster/partition_row_count": day.rows,
                    "bytes": day.bytes,
                    "content": day.sha256[:16],
                    **event_times(day.first_event, day.last_event),
                },
                partition_key=date.isoformat(day.day),
            )


publish_day = dg.define_asset_job(
    "publish_day",
    selection=dg.AssetSelection.assets(ratings_by_day),
    description="Publish the ratings of some days as files of their own.",
)

yesterday = dg.build_schedule_from_partitioned_job(
    publish_day,
    name="yesterday",
    hour_of_day=3,
    description="Publishes the day before, after the nightly run. Off unless ratings arrive daily.",
)
