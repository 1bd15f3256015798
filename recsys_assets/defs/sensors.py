"""Sensors: what happens without a clock."""

import dagster as dg

from recsys_assets.defs.failures import reason_of, record_failure
from recsys_assets.settings import load_settings

on_new_data = dg.AutomationConditionSensorDefinition(
    "on_new_data",
    target=dg.AssetSelection.all() - dg.AssetSelection.assets("feedback_texts"),  # which has a sensor of its own
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Rebuilds features and models as soon as their inputs have changed and passed their blocking checks. "
    "Off by default: the nightly schedule rebuilds everything.",
)


@dg.run_failure_sensor(
    name="run_failures",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes each failed run, with its reasons, to `data/logs/run_failures.log`.",
)
def run_failures(context: dg.RunFailureSensorContext) -> None:
    record_failure(
        load_settings().log_dir,
        run_id=context.dagster_run.run_id,
        job=context.dagster_run.job_name,
        reasons=[(e.step_key or "run", reason_of(e)) for e in context.get_step_failure_events()]
        or [("run", context.failure_event.message or "")],
    )
