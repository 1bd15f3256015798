"""Materialize from outside the web UI: what `recsys materialize` and the end-to-end tests call."""

from __future__ import annotations

import operator
import os
import re
import shutil
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import dagster as dg
from filelock import FileLock

from recsys_assets.defs.failures import reason_of
from recsys_assets.settings import PROJECT_ROOT, dagster_home

INSTANCE_TEMPLATE = PROJECT_ROOT / ".dagster" / "dagster.yaml"
FIRST_TOUCH_SECONDS = 120
LAUNCH_TAG, PID_TAG, HOST_TAG, DATASET_TAG = "recsys/launch", "recsys/pid", "recsys/host", "recsys/dataset"


class LaunchError(Exception):
    """A run that could not be started; says why and what to do."""


@dataclass(frozen=True)
class StepEvent:
    """One thing worth a line while a run goes on."""

    kind: str
    """`started`, `done`, `failed`, `skipped`, `broken` (a critical check), `warning` (another) or `log`."""
    step: str
    message: str
    seconds: float
    """Since the run started."""


@dataclass(frozen=True)
class RunOutcome:
    run_id: str
    success: bool
    seconds: float
    failed: tuple[str, ...]
    """Steps that failed."""


def prepare_instance() -> Path:
    """Make `DAGSTER_HOME` name a folder with a `dagster.yaml`, this checkout's `.dagster` by default."""
    home = dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    with FileLock(home / ".first_touch.lock", timeout=FIRST_TOUCH_SECONDS):
        # Two processes that create Dagster's SQLite files at once leave them with two schema versions, unusable.
        if not (home / "dagster.yaml").exists():
            if not INSTANCE_TEMPLATE.exists():
                raise LaunchError(f"{home} has no dagster.yaml; copy the project's deploy/dagster/dagster.yaml there")
            shutil.copy(INSTANCE_TEMPLATE, home / "dagster.yaml")
        if not (home / "history").exists():
            dg.DagsterInstance.get().dispose()
    return home


def whole_graph() -> dg.JobDefinition:
    """The job that materializes every asset; found by name in each step's process."""
    from recsys_assets.definitions import defs

    return defs().resolve_job_def("everything")


def materialize(
    *,
    dataset: str,
    selection: str = "*",
    leave_out: str = "",
    listener: Callable[[StepEvent], object],
    tags: dict[str, str] | None = None,
) -> RunOutcome:
    """Run the assets of `selection` but for those of `leave_out` (Dagster's syntax, e.g. `svd*`) and wait.

    Of a selection several may be named, with spaces or commas between them. `listener` hears of every step as it
    starts and ends. A run that was killed before holds nothing up: its pool slots are freed first.
    """
    prepare_instance()
    os.environ["RECSYS_DATASET"] = dataset  # step processes inherit it
    launch = uuid.uuid4().hex
    with dg.DagsterInstance.get() as instance:
        release_dead_runs(instance)
        keys = selected_assets(selection, leave_out=leave_out)
        watcher = _Watcher(instance, launch, listener)
        started = time.monotonic()
        with (
            watcher,
            dg.execute_job(
                dg.reconstructable(whole_graph),
                instance=instance,
                asset_selection=keys,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={
                    LAUNCH_TAG: launch,
                    PID_TAG: str(os.getpid()),
                    HOST_TAG: socket.gethostname(),
                    DATASET_TAG: dataset,
                    **(tags or {}),
                },
            ) as result,
        ):
            failed = tuple(e.step_key or "" for e in result.all_events if e.is_step_failure)
            run_id, success = result.run_id, result.success
    return RunOutcome(run_id, success, time.monotonic() - started, failed)


def release_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Close runs started here whose process is gone (killed, power cut), so that they hold no pool slot.

    Returns their run ids. Runs of the web UI are watched by the daemon's run monitoring instead.
    """
    unfinished = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED],
            tags={HOST_TAG: socket.gethostname()},
        )
    )
    dead = [run for run in unfinished if not _alive(int(run.tags[PID_TAG]))]
    for run in dead:
        instance.report_run_failed(run, message="The process that ran it is gone; closed by the next launch.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in dead]


def selected_assets(selection: str, *, leave_out: str = "") -> Sequence[dg.AssetKey] | None:
    """Keys of the assets that are selected and not left out, without those made by day; None for everything."""
    if selection in ("*", "all") and not leave_out:
        return None
    from recsys_assets.definitions import defs

    graph = defs().resolve_asset_graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            chosen = _selection(selection)
            keys = (chosen - _selection(leave_out) if leave_out else chosen).resolve(graph)
    except Exception as error:
        said = " ".join(str(error).split())
        raise LaunchError(f"selection {selection!r} can't be read: {said}") from error
    if not keys:
        known = ", ".join(sorted(k.to_user_string() for k in graph.get_all_asset_keys()))
        raise LaunchError(f"selection {selection!r} names no asset; there are: {known}")
    by_day = {key for key in keys if graph.get(key).partitions_def is not None}
    if keys == by_day:
        raise LaunchError(
            f"{', '.join(sorted(k.to_user_string() for k in by_day))} is made by day: choose the days in the web UI "
            "(`make dev`, Materialize), or `dagster job backfill -j publish_day`"
        )
    ours = keys & whole_graph().asset_layer.selected_asset_keys
    if not ours:
        raise LaunchError(
            f"{', '.join(sorted(k.to_user_string() for k in keys - by_day))} is made by a job of its own: materialize "
            "it in the web UI (`make dev`)"
        )
    return sorted(ours)


def _selection(text: str) -> dg.AssetSelection:
    """As Dagster reads it; what it does not read as a whole is taken for several names."""
    try:
        return dg.AssetSelection.from_string(text)
    except dg.DagsterError:
        names = [name for name in re.split(r"[\s,]+", text) if name]
        if len(names) < 2:
            raise
        return reduce(operator.or_, map(dg.AssetSelection.from_string, names))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Watcher:
    """Follows one launch's event log from a thread and tells the listener."""

    POLL_SECONDS = 0.4

    def __init__(self, instance: dg.DagsterInstance, launch: str, listener: Callable[[StepEvent], object]) -> None:
        self._instance, self._launch, self._listener = instance, launch, listener
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._cursor: str | None = None
        self._run_id: str | None = None

    def __enter__(self) -> _Watcher:
        self._started = time.time()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        self._drain()

    def _follow(self) -> None:
        while not self._stop.wait(self.POLL_SECONDS):
            self._drain()

    def _drain(self) -> None:
        if self._run_id is None:
            runs = self._instance.get_runs(dg.RunsFilter(tags={LAUNCH_TAG: self._launch}), limit=1)
            self._run_id = runs[0].run_id if runs else None
        while self._run_id is not None:
            page = self._instance.get_records_for_run(self._run_id, cursor=self._cursor, limit=500)
            self._cursor = page.cursor
            for record in page.records:
                event = _step_event(record.event_log_entry, self._started)
                if event:
                    self._listener(event)
            if not page.has_more:
                return


def _step_event(entry: dg.EventLogEntry, started: float) -> StepEvent | None:
    step, seconds = entry.step_key or "", entry.timestamp - started
    event = entry.dagster_event
    if event is None:  # a line of context.log
        return StepEvent("log", step, entry.user_message, seconds) if step and 20 <= int(entry.level) < 40 else None
    kind = {
        dg.DagsterEventType.STEP_START: "started",
        dg.DagsterEventType.STEP_SUCCESS: "done",
        dg.DagsterEventType.STEP_FAILURE: "failed",
        dg.DagsterEventType.STEP_SKIPPED: "skipped",
    }.get(event.event_type)
    if kind:
        return StepEvent(kind, step, reason_of(event) if kind == "failed" else "", seconds)
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        if not check.passed:
            kind = "broken" if check.severity == dg.AssetCheckSeverity.ERROR else "warning"
            said = (check.description or check.check_name).removeprefix("BROKEN: ")
            return StepEvent(kind, step, f"{check.asset_key.to_user_string()}: {said}", seconds)
    return None
