"""The platform as a rehearsal sees it: its daemon started, its sensors left to do all the rest.

Events go into the inbox as any client's do. That they were learned from is read off what the newest training of the
agent says of itself: nothing is told to the platform, and nothing is called that a deployment does not call.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from recsys_assets.defs.feedback import UNFINISHED
from recsys_assets.feedback.folders import Folders
from recsys_assets.feedback.store import waiting_batches
from recsys_assets.feedback.training_data import published_feedback
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import PROJECT_ROOT, Settings
from recsys_assets.warehouse.lake import Lake

Instance = dg.DagsterInstance
"""Runs and events of a deployment, for those who are handed one and know no more of it."""
LOOK_SECONDS = 2.0
MODULE = "recsys_assets.definitions"


class RehearsalError(Exception):
    """The platform did not come to rest in time; says what it was doing."""


@dataclass(frozen=True)
class Learned:
    """What an agent's newest training says of itself."""

    feedback_version: str
    feedback_events: int
    model_version: str


def open_instance(home: Path) -> Instance:
    """The deployment's runs and events; to be closed."""
    return dg.DagsterInstance.from_config(str(home))


@contextmanager
def daemon(home: Path, *, log: Path, sensor_seconds: int = 5) -> Iterator[None]:
    """The deployment's daemon with all its sensors; ended with all it has started when the context ends.

    Without the nightly runs: a daemon that was away catches up with them, and they take longer than a rehearsal.
    """
    own = {"RECSYS_SENSOR_SECONDS": str(sensor_seconds), "RECSYS_SCHEDULES": "false", "DAGSTER_HOME": str(home)}
    environment = os.environ | own
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", MODULE]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as handle:
        process = subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=handle, stderr=handle)  # noqa: S603 - ours
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def learned(instance: dg.DagsterInstance, agent: str) -> Learned | None:
    """Of the newest materialization of `agent`; None where it was never trained."""
    event = instance.get_latest_materialization_event(dg.AssetKey(agent))
    if event is None or event.asset_materialization is None:
        return None
    facts = event.asset_materialization.metadata
    version, events, model = (facts.get(name) for name in ("feedback_version", "feedback_events", "version"))
    return Learned(
        str(version.value) if version else "",
        int(str(events.value)) if events else 0,
        str(model.value) if model else "",
    )


def come_to_rest(
    settings: Settings,
    instance: dg.DagsterInstance,
    agent: str,
    *,
    least_events: int,
    patience: float,
    progress: Progress = silent,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Learned:
    """Wait until the inbox is empty, `least_events` are published, `agent` has seen them and no run is under way."""
    deadline, lake, said = clock() + patience, Lake(settings.lake_dir), ""
    while True:
        waiting, running = waiting_batches(Folders.of(settings)), instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        published, seen = published_feedback(lake), learned(instance, agent)
        rested = not waiting and not running and len(published.events) >= least_events
        if rested and seen is not None and seen.feedback_version == published.version:
            return seen
        doing = ", ".join(f"{run.job_name} {run.status.value.lower()}" for run in running) or "no run under way"
        if doing != said:
            progress(f"{len(waiting)} batches wait, {len(published.events):,} events are published; {doing}")
            said = doing
        if clock() > deadline:
            raise RehearsalError(
                f"after {patience:.0f} s {len(waiting)} batches wait, {len(published.events):,} of {least_events:,} "
                f"events are published, {agent} has seen {seen.feedback_events if seen else 0:,}; {doing}. "
                f"The daemon's log and the runs in the web UI say why."
            )
        sleep(LOOK_SECONDS)
