"""The kill test: batches arrive while the daemon is killed again and again; in the end every event counts once.

    python -m recsys_assets_tests.e2e.killing --batches 200 --kills 10

Batches come at random times and in random order of their names; some names come twice, some events in two batches, two
batches are broken. The daemon (with its sensors, queue and run monitoring) is killed at random points, half of the time
alone, half of the time with all that it has started, as when the machine loses its power. Nothing is mocked: the
platform's code location but for the model that learns, which is a quick one (`loop_location`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_assets.features.splits import make_splits
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import PROJECT_ROOT, Settings, load_settings
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake, LakeError
from recsys_assets_tests.e2e.loop_location import LEARNS
from recsys_assets_tests.recommenders.worlds import two_tastes

LOCATION = "recsys_assets_tests.e2e.loop_location"
PATIENCE, START_SECONDS = "start_timeout_seconds: 120", 30
"""A run that was killed as it started is given up earlier than in a deployment; nothing else of it differs."""
UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


@dataclass
class Outcome:
    """What was sent and what became of it."""

    sent: set[str] = field(default_factory=set)
    """Ids of events in batches that are not broken."""
    copies: int = 0
    """Events that were sent beside the first of their id."""
    files: int = 0
    kills: list[str] = field(default_factory=list)
    """What each kill met: runs under way."""
    stored: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    rejected: int = 0
    waiting: int = 0
    seen: tuple[str, int] = ("", 0)
    """Version and events that the last training says it has read."""
    current: tuple[str, int] = ("", 0)
    """The same of the published snapshot."""
    runs: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def settled(self) -> bool:
        return not self.waiting and len(self.published) >= len(self.sent) and self.seen == self.current

    def summary(self) -> str:
        facts = asdict(self) | {"sent": len(self.sent), "stored": len(self.stored), "published": len(self.published)}
        return json.dumps(facts, indent=1)


class Loop:
    """One deployment and its daemon."""

    def __init__(self, root: Path, *, seed: int) -> None:
        self.root, self.rng = root, random.Random(seed)
        self.settings: Settings = load_settings(data_dir=root / "data", models_dir=root / "models", dataset="synthetic")
        self.folders, self.home = Folders.of(self.settings), root / "home"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RECSYS_", "DAGSTER_"))}
        self.env = inherited | {
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "RECSYS_DATA_DIR": str(self.settings.data_dir),
            "RECSYS_MODELS_DIR": str(self.settings.models_dir),
            "RECSYS_DATASET": "synthetic",
            "RECSYS_SENSOR_SECONDS": "1",
            "PYTHONPATH": str(PROJECT_ROOT),
        }
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.outcome = Outcome()

    def prepare(self) -> None:
        """Published data, a warehouse that knows the movies, and a first training that has seen no feedback."""
        world, lake = two_tastes(users=40, seed=1), Lake(self.settings.lake_dir)
        ratings = lake.publish_frame(world.interactions, "ratings", upstream={})
        features = lake.publish_frame(world.catalogue, "catalogue", upstream={})
        lake.publish_frame(make_splits(world.interactions, seed=1), "splits", upstream={"ratings": ratings.version})
        tables = {"ratings": ratings.version, "catalogue": features.version}
        (lake.root / "snapshot.json").write_text(json.dumps({"version": "d", "tables": tables}))
        self.movies = world.catalogue["movie_id"].to_list()
        with Warehouse.of(self.settings).connect() as con:
            con.execute(f"CREATE TABLE movies AS SELECT unnest({self.movies}) AS movie_id")
        self.folders.inbox.mkdir(parents=True)
        self.home.mkdir()
        instance = (PROJECT_ROOT / ".dagster" / "dagster.yaml").read_text()
        (self.home / "dagster.yaml").write_text(instance.replace(PATIENCE, f"start_timeout_seconds: {START_SECONDS}"))
        self.instance = dg.DagsterInstance.from_config(str(self.home))
        command = ["dagster", "asset", "materialize", "-m", LOCATION, "--select", LEARNS]
        subprocess.run(self._tool(*command), env=self.env, cwd=self.root, check=True, capture_output=True)

    def run(self, *, batches: int, kills: int, seconds: float, patience: float) -> Outcome:
        """`batches` over `seconds`, `kills` among them; then wait until all is learned, `patience` seconds at most."""
        started = time.monotonic()
        work = [(self.rng.uniform(0, seconds), "drop", b) for b in self._batches(batches)]
        work += [(seconds * (n + self.rng.uniform(0.3, 0.9)) / kills, "kill", None) for n in range(kills)]
        self.start()
        for when, what, batch in sorted(work, key=lambda w: w[0]):
            time.sleep(max(0.0, started + when - time.monotonic()))
            if what == "kill":
                self.kill(everything=len(self.outcome.kills) % 2 == 0)
                self.start()
            else:
                self._drop(*batch)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            time.sleep(2)
            if self._look().settled and not self._under_way():
                break
        self.outcome.seconds = round(time.monotonic() - started, 1)
        return self._look()

    def start(self) -> None:
        command = self._tool("dagster-daemon", "run", "-m", LOCATION)
        with (self.root / "daemon.log").open("ab") as log:
            self.daemons.append(
                subprocess.Popen(command, env=self.env, cwd=self.root, stdout=log, stderr=log, start_new_session=True)
            )

    def kill(self, *, everything: bool) -> None:
        """SIGKILL for the daemon, or for all that it has started too."""
        met = Counter(run.job_name for run in self._under_way())
        how = "with all it started" if everything else "alone"
        self.outcome.kills.append(f"{how}: {', '.join(f'{n} {job}' for job, n in met.items()) or 'no run under way'}")
        daemon = self.daemons[-1]
        if everything:
            os.killpg(daemon.pid, signal.SIGKILL)
        else:
            daemon.kill()
        daemon.wait()

    def close(self) -> None:
        for daemon in self.daemons:
            try:
                os.killpg(daemon.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            daemon.wait()
        self.instance.dispose()

    def _batches(self, n: int) -> list[tuple[str, bytes]]:
        """Names and contents; `outcome.sent` is what is to be found."""
        rng, made, past = self.rng, [], []
        for number in range(n - 2):
            name = f"batch-{rng.randrange(10**6):06d}-{number}"
            if past and rng.random() < 0.05:
                name = rng.choice(made)[0]  # another file of a name that was used
            ids = [f"event-{number}-{i}" for i in range(rng.randrange(1, 9))]
            if past and rng.random() < 0.2:
                ids.append(rng.choice(past))
            past += ids
            made.append((name, b"".join(self._line(i) for i in ids)))
        again = [rng.choice(made) for _ in range(max(1, n // 40))]  # the very same file once more
        broken = [("broken-json", b"{\n"), ("broken-fields", b'{"event_id": "x", "user_id": 0}\n')]
        self.outcome.sent = set(past)
        self.outcome.copies = len(past) - len(set(past)) + sum(content.count(b"\n") for _, content in again)
        self.outcome.files = len(made) + len(again) + len(broken)
        return [*made, *again, *broken]

    def _line(self, event_id: str) -> bytes:
        rng = self.rng
        action = rng.choice(["like", "watch", "click", "skip", "rating"])
        stars = {"rating": rng.randrange(1, 11) / 2} if action == "rating" else {}
        facts: dict[str, Any] = {
            "event_id": event_id,
            "user_id": rng.randrange(1, 60),
            "movie_id": rng.choice(self.movies),
            "action": action,
            "timestamp": "2026-11-25T10:00:00Z",
        }
        return json.dumps(facts | stars).encode() + b"\n"

    def _drop(self, name: str, content: bytes) -> None:
        """By rename, as every writer does; where the name waits already, when it has been taken."""
        target = self.folders.inbox / f"{name}.ndjson"
        while target.exists():
            target = target.with_stem(f"{target.stem}x")
        aside = target.with_suffix(".part")
        aside.write_bytes(content)
        os.rename(aside, target)

    def _look(self) -> Outcome:
        found, lake = self.outcome, Lake(self.settings.lake_dir)
        found.waiting = sum(p.suffix == ".ndjson" for p in self.folders.inbox.iterdir())
        found.rejected = len(list(self.folders.rejected.glob("*.reason.txt")))
        try:
            snapshot = lake.snapshot("feedback")
            found.current = (snapshot.version, snapshot.rows)
            found.published = lake.read("feedback")["event_id"].to_list()
        except LakeError:
            pass
        event = self.instance.get_latest_materialization_event(dg.AssetKey(LEARNS))
        if event and event.asset_materialization:
            facts = event.asset_materialization.metadata
            found.seen = (str(facts["feedback_version"].value), int(facts["feedback_events"].value))  # type: ignore[call-overload]
        counted: dict[str, Counter[str]] = {}
        for run in self.instance.get_runs():
            counted.setdefault(run.job_name, Counter())[run.status.value] += 1
        found.runs = {job: dict(counts) for job, counts in counted.items()}
        return found

    def stored(self) -> list[str]:
        """Ids in the warehouse; when nobody else has it open."""
        with Warehouse.of(self.settings).connect() as con:
            return [row[0] for row in con.execute("SELECT event_id FROM feedback").fetchall()]

    def _under_way(self) -> list[dg.DagsterRun]:
        return [run for run in self.instance.get_runs() if run.status.value in UNFINISHED]

    def _tool(self, name: str, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name(name)), *arguments]


def kill_test(root: Path, *, batches: int, kills: int, seconds: float, patience: float, seed: int) -> Outcome:
    """Set up, run, stop all processes, and look into the warehouse."""
    loop = Loop(root, seed=seed)
    try:
        loop.prepare()
        outcome = loop.run(batches=batches, kills=kills, seconds=seconds, patience=patience)
    finally:
        loop.close()
    outcome.stored = loop.stored()
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill the daemon again and again, and count.")
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=400)
    parser.add_argument("--patience", type=float, default=600)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--keep", type=Path, help="Folder to work in, which is kept.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recsys-kill-") as folder:
        outcome = kill_test(
            given.keep or Path(folder),
            batches=given.batches,
            kills=given.kills,
            seconds=given.seconds,
            patience=given.patience,
            seed=given.seed,
        )
    once = sorted(outcome.stored) == sorted(outcome.sent) == sorted(outcome.published)
    seen = outcome.seen == outcome.current
    sys.stdout.write(f"{outcome.summary()}\nevery event once: {once}; the last training has seen all: {seen}\n")
    sys.exit(0 if once and outcome.settled else 1)


if __name__ == "__main__":
    main()
