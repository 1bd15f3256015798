"""Runs whose process is gone are closed, so that nothing waits for them and they hold no slot of a pool.

Dagster's own run monitoring cannot look after the processes of its default launcher: a run that died with the machine
would count as under way until its time is over, two hours, and with it the inbox and the retraining. A closed run is
repeated once by `run_retries`, and whatever it has left undone is found by the sensors, which look at what there is.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
from dagster import DagsterEventType

from recsys_assets.defs.launch import release_dead_runs
from recsys_assets.settings import load_settings

LATE = 2.0
"""Seconds by which a process may seem to have begun after its own first word: clocks count in ticks."""
CLOSED = "The process that ran it is gone; closed so that nothing waits for it."


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=load_settings().sensor_seconds,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Closes runs whose process was killed, or died with the machine.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    closed = close_dead_runs(context.instance)
    return dg.SkipReason(f"closed {', '.join(closed)}" if closed else "every run under way has its process")


def close_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail runs that the daemon or a terminal of this machine has started and whose process is gone; their ids."""
    by_hand = release_dead_runs(instance)
    if not isinstance(instance.run_launcher, dg.DefaultRunLauncher):
        return by_hand  # its runs may be on other machines, and it looks after them itself
    under_way = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    dead = [run for run in under_way if _is_dead(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(run, message=CLOSED)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return by_hand + [run.run_id for run in dead]


def _is_dead(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the last process that said it runs it is no more; a run of which no process is known is let be."""
    records = instance.get_records_for_run(run_id, of_type=DagsterEventType.ENGINE_EVENT, limit=20, ascending=True)
    for record in reversed(records.records):
        event = record.event_log_entry.dagster_event
        if event is None or not (event.message or "").startswith("Started process for run"):
            continue
        pid = event.engine_event_data.metadata.get("pid")
        if pid is not None:
            return not _lives(int(str(pid.value)), since=record.event_log_entry.timestamp)
    return False


def _lives(pid: int, *, since: float) -> bool:
    """Whether process `pid` is there, and is no other that was given its number later than `since` (seconds)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    begun = _begun(pid)
    return begun is None or begun <= since + LATE


def _begun(pid: int) -> float | None:
    """When the process began, seconds since 1970; None where the system has no /proc, infinity for a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        booted = next(
            float(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
        )
    except (OSError, IndexError, StopIteration, ValueError):
        return None
    return float("inf") if fields[0] == "Z" else booted + float(fields[19]) / os.sysconf("SC_CLK_TCK")
