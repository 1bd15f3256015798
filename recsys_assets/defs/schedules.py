"""The clock."""

from __future__ import annotations

import dagster as dg

from recsys_assets.defs.jobs import everything
from recsys_assets.defs.resources import by_itself
from recsys_assets.defs.retraining import AGENTS_THAT_LEARN, starts
from recsys_assets.settings import load_settings

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=everything,
    run_config={"ops": starts(AGENTS_THAT_LEARN, "scratch")},
    cron_schedule="0 2 * * *",
    execution_timezone=load_settings().timezone,
    default_status=by_itself(),
    description="Retrains everything, from the start, at 02:00 in the zone of RECSYS_TIMEZONE.",
)
