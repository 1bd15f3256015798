from __future__ import annotations

from datetime import datetime

import dagster as dg
import polars as pl
import pytest

from recsys_assets.definitions import defs
from recsys_assets.defs.daily import ratings_by_day
from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.resources import Deployment
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake


def test_a_range_of_days_is_filled_in_one_run_with_figures_for_each_day(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(settings.data_dir))
    times = pl.Series([datetime(2001, 1, 1, 5), datetime(2001, 1, 1, 6), datetime(2001, 1, 3)], dtype=pl.Datetime("us"))
    rows = pl.DataFrame({"user_id": [1, 2, 3], "movie_id": [1, 1, 1], "rating": [4.0, 3.0, 5.0], "timestamp": times})
    Lake(settings.lake_dir).publish_frame(rows, "ratings", upstream={})
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [ratings_by_day, data_snapshot],
            selection=[ratings_by_day],
            instance=instance,
            resources={"deployment": Deployment(dataset="synthetic")},
            tags={
                "dagster/asset_partition_range_start": "2001-01-01",
                "dagster/asset_partition_range_end": "2001-01-04",
            },
        )
        assert result.success
        events = instance.fetch_materializations(ratings_by_day.key, limit=10).records
    figures = {e.partition_key: e.asset_materialization.metadata for e in events if e.asset_materialization}
    counted = {day: figures[day]["dagster/partition_row_count"].value for day in sorted(figures)}
    assert counted == {"2001-01-01": 2, "2001-01-02": 0, "2001-01-03": 1, "2001-01-04": 0}
    assert figures["2001-01-01"]["first_event"].value == pytest.approx(978325200.0)
    assert "first_event" not in figures["2001-01-02"]


def test_what_runs_nightly_needs_no_day() -> None:
    everything = defs().resolve_job_def("everything")
    assert ratings_by_day.key not in everything.asset_layer.selected_asset_keys
    assert defs().resolve_schedule_def("yesterday").default_status == dg.DefaultScheduleStatus.STOPPED
