"""Resources: the one place where the deployment reaches an asset."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
from pydantic import Field

from recsys_assets.settings import Settings, load_settings

TEAM = "team:recsys"

NIGHTLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
"""Every asset is rebuilt nightly; a missed night warns, one and a half fails."""

DUCKDB_WRITER = "duckdb_writer"
"""Pool of one slot: whoever opens the warehouse file holds it, in this run or any other."""


class Deployment(dg.ConfigurableResource):
    """Which data set is recommended from; paths and sizes come from the environment (`settings.py`)."""

    dataset: str = Field(
        default="", description="Name of a data set, e.g. `ml-latest-small`; empty: the environment's RECSYS_DATASET"
    )

    def settings(self) -> Settings:
        return load_settings(dataset=self.dataset or None)


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"deployment": Deployment()})


def by_itself() -> dg.DefaultScheduleStatus:
    """Whether schedules run without being switched on, as RECSYS_SCHEDULES says."""
    return dg.DefaultScheduleStatus.RUNNING if load_settings().schedules else dg.DefaultScheduleStatus.STOPPED
