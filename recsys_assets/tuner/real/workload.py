"""What is measured: a data set's own ratings as a snapshot, read from a disk or an emulated object store.

Users are repeated until there are enough row groups that storage answers each at a speed of its own, and an epoch never
ends, so that a probe is not about how one starts. Everything else is what sequence models train on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.streaming.snapshot import RowGroup, Snapshot, write_snapshot
from recsys_assets.loading.streaming.stages import Plan
from recsys_assets.loading.streaming.storage import LocalDisk, ObjectStore, Storage
from recsys_assets.tuner.real.trainers import Step, computing, sleeping

MIB = 2**20


@dataclass(frozen=True)
class Scenario:
    """Where the data are and how fast the trainer is. Names of what is emulated say so."""

    name: str
    latency: float = 0.1
    """Seconds to the first byte of a row group; 0: this disk, as it is."""
    bandwidth: float = float("inf")
    """Bytes a second of the emulated store, for all readers together."""
    trainer: float = 250.0
    """Batches a second that the trainer takes: it sleeps for as long as an accelerator would compute."""
    budget: float = 64 * MIB
    """Bytes that may be in flight between storage and trainer."""
    computes: bool = False
    """The trainer computes on the pipeline's cores, for as long as it takes; `trainer` is not asked then."""
    trained_on: Literal["cuda", "cpu"] | None = None
    """SASRec is trained there (`real.training`); `trainer` is then what it takes alone, once that was measured."""

    @property
    def storage(self) -> Storage:
        if self.latency == 0:
            return LocalDisk()
        return ObjectStore(latency=self.latency, bandwidth=self.bandwidth)

    @property
    def trains(self) -> bool:
        """Whether the trainer does more than sleep: its pace and its CPU are then what was seen of them."""
        return self.computes or self.trained_on is not None

    @property
    def trainer_in_words(self) -> str:
        pace = f"takes {self.trainer:,.0f} batches a second at most"
        if self.trained_on is not None:
            return f"SASRec trained on {self.trained_on}: {pace}"
        return "Trainer: computes on these cores" if self.computes else f"Trainer (emulated): {pace}"


OBJECT_STORE = Scenario("object-store", latency=0.1)
NEARER_STORE = Scenario("object-store-30ms", latency=0.03)
LOCAL_DISK = Scenario("local-disk", latency=0.0)
CPU_TRAINED = tuple(
    replace(s, name=f"{s.name}-cpu-train", computes=True) for s in (OBJECT_STORE, NEARER_STORE, LOCAL_DISK)
)
GPU_TRAINED = Scenario("object-store-gpu", latency=0.1, trained_on="cuda")
SCENARIOS = {s.name: s for s in (OBJECT_STORE, NEARER_STORE, LOCAL_DISK, *CPU_TRAINED, GPU_TRAINED)}


@dataclass(frozen=True)
class Work:
    """Of one batch and one row group: fixed, for it changes what is learned and not only how fast."""

    window: int = 50
    batch_size: int = 256
    """Windows of a batch."""
    negatives: int = 256
    """Movies drawn for each window."""
    shuffle_buffer: int = 4096
    events_per_group: int = 20_000
    """Events of a row group, about."""
    row_groups: int = 200
    """At least, by repeating users."""
    seed: int = 20261123


class EndlessPlan(Plan):
    """A plan whose epoch goes on: row groups in a new order each time round."""

    def order(self, epoch: int) -> Iterator[RowGroup]:
        rng = np.random.default_rng([self.seed, epoch, 0])
        while True:
            yield from (self.snapshot.groups[i] for i in rng.permutation(len(self.snapshot.groups)))


@dataclass(frozen=True)
class Workload:
    """A snapshot on disk and what is done with it."""

    snapshot: Snapshot
    n_items: int
    work: Work

    def plan(self, scenario: Scenario) -> Plan:
        """For one scenario; never ends."""
        w = self.work
        return EndlessPlan(
            snapshot=self.snapshot,
            storage=scenario.storage,
            window=w.window,
            negatives=Negatives(w.negatives, self.n_items),
            batch_size=w.batch_size,
            shuffle_buffer=w.shuffle_buffer,
            by_length=True,
            seed=w.seed,
        )

    def trainer(self, scenario: Scenario) -> Step:
        """Who takes the batches."""
        if scenario.trained_on is not None:
            from recsys_assets.tuner.real.training import Training

            return Training(self.n_items, self.work, scenario.trained_on)
        return computing(self.n_items, seed=self.work.seed) if scenario.computes else sleeping(scenario.trainer)

    @property
    def summary(self) -> str:
        groups = self.snapshot.groups
        events = int(np.mean([g.events for g in groups]))
        size = np.mean([g.length for g in groups]) / 1000
        return (
            f"{len(groups)} row groups of {events:,} ratings ({size:,.0f} kB), windows of {self.work.window}, "
            f"{self.work.batch_size} a batch, {self.work.negatives} negatives each"
        )


def workload(sequences: Sequences, n_items: int, folder: Path, work: Work | None = None) -> Workload:
    """The snapshot of `sequences` in `folder`; one that is there already, of the same data and work, is used."""
    work = work or Work()
    path, noted = folder / "training.parquet", folder / "training.json"
    stamp = json.dumps({**asdict(work), "users": len(sequences), "events": len(sequences.items), "items": n_items})
    if noted.exists() and path.exists() and noted.read_text(encoding="utf-8") == stamp:
        return Workload(Snapshot.open(path), n_items, work)
    folder.mkdir(parents=True, exist_ok=True)
    per_group = users_per_group(sequences, work.events_per_group)
    times = -(-work.row_groups * per_group // len(sequences))
    repeated = sequences.take(np.tile(np.arange(len(sequences)), times))
    snapshot = write_snapshot(repeated, path, users_per_group=per_group)
    noted.write_text(stamp, encoding="utf-8")
    return Workload(snapshot, n_items, work)


def kept_workload(folder: Path, work: Work | None = None) -> Workload | None:
    """The snapshot that is in `folder`, whatever it was made of; None where there is none of that work."""
    work = work or Work()
    path, noted = folder / "training.parquet", folder / "training.json"
    if not path.exists() or not noted.exists():
        return None
    stamp = json.loads(noted.read_text(encoding="utf-8"))
    if {name: stamp.get(name) for name in asdict(work)} != asdict(work):
        return None
    return Workload(Snapshot.open(path), int(stamp["items"]), work)


def users_per_group(sequences: Sequences, events: int) -> int:
    """Users whose events are `events`, on average."""
    if not len(sequences.items):
        raise ValueError("there are no ratings to make a snapshot of; materialize the data set first")
    return max(1, round(events * len(sequences) / len(sequences.items)))


def scenarios(names: Sequence[str]) -> list[Scenario]:
    """By name; raises ValueError with the names there are."""
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"there is no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    return [SCENARIOS[name] for name in names]


def with_latency(scenario: Scenario, seconds: float) -> Scenario:
    """The same with storage that answers after `seconds`."""
    return replace(scenario, name=f"{scenario.name} at {1000 * seconds:g} ms", latency=seconds)
