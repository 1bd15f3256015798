"""Workers come and go, batches stay the same: none lost, none twice, in one order, and errors say where."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.loading.batches import PADDING, Batch
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.streaming.engine import Knobs, PipelineError, SpdlEngine
from recsys_assets.loading.streaming.snapshot import Snapshot, SnapshotError, write_snapshot
from recsys_assets.loading.streaming.stages import Plan
from recsys_assets.loading.streaming.storage import LocalDisk, ObjectStore

MOVIES = 500


def sequences(users: int = 300, seed: int = 1) -> Sequences:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 40, users)
    n = int(lengths.sum())
    times = np.concatenate([np.sort(rng.integers(0, 10**9, length)) for length in lengths])
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Sequences(indptr, rng.integers(0, MOVIES, n).astype(np.int32), rng.random(n, dtype=np.float32), times)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    snapshot = write_snapshot(sequences(), tmp_path / "snapshot.parquet", users_per_group=20)
    return Plan(
        snapshot=snapshot,
        storage=LocalDisk(),
        window=10,
        negatives=Negatives(3, MOVIES),
        batch_size=16,
        shuffle_buffer=128,
        by_length=True,
        seed=7,
    )


def as_bytes(batch: Batch) -> tuple[bytes, ...]:
    return batch.items.tobytes(), batch.ratings.tobytes(), batch.targets.tobytes(), batch.negatives.tobytes()


def columns(engine: SpdlEngine, epochs: int = 1) -> list[tuple[bytes, ...]]:
    return [as_bytes(batch) for batch in engine.batches(iter(range(epochs)))]


def test_batches_are_the_same_whatever_the_workers_are(plan: Plan) -> None:
    assert columns(SpdlEngine(plan), 2) == columns(SpdlEngine(plan, Knobs((8, 3, 4, 5), 9, 6)), 2)


def test_batches_are_the_same_while_workers_come_and_go(plan: Plan) -> None:
    changing, found = SpdlEngine(plan), []
    knobs = [Knobs((16, 1, 4, 2), 20, 3), Knobs(), Knobs((1, 8, 1, 8), 1, 64)]
    for number, batch in enumerate(changing.batches(iter([0, 1]))):
        changing.resize(knobs[number % len(knobs)])
        found.append(as_bytes(batch))

    assert found == columns(SpdlEngine(plan), 2)
    assert changing.switched >= len(found) - 1


def test_every_event_that_has_one_before_it_is_a_target_once(plan: Plan) -> None:
    source = sequences()
    first = np.zeros(len(source.items), dtype=bool)
    first[source.indptr[:-1][source.lengths > 0]] = True

    targets: Counter[int] = Counter()
    for batch in SpdlEngine(plan, Knobs((4, 2, 2, 2))).batches(iter([0])):
        targets.update(batch.targets[batch.targets != PADDING].tolist())

    assert sum(targets.values()) == int((~first).sum())
    # ties in time may change places, so movies are counted only where the first event is settled
    assert set(targets) <= set(source.items.tolist())


def test_a_row_group_is_decoded_to_what_was_written(plan: Plan) -> None:
    source = sequences()
    decoded = [plan.decode(plan.fetch(0, g)).sequences for g in plan.snapshot.groups]

    np.testing.assert_array_equal(np.concatenate([d.items for d in decoded]), source.items)
    np.testing.assert_array_equal(np.concatenate([d.times for d in decoded]), source.times)
    np.testing.assert_array_equal(np.concatenate([d.lengths for d in decoded]), source.lengths[source.lengths > 0])


def test_an_object_store_gives_the_same_bytes_later(plan: Plan) -> None:
    slow = replace(plan, storage=ObjectStore(latency=0.002, bandwidth=1e7))

    assert columns(SpdlEngine(slow, Knobs((8, 1, 1, 1)))) == columns(SpdlEngine(plan))


def test_a_stage_that_fails_stops_the_training_and_says_where(plan: Plan) -> None:
    class Gone(LocalDisk):
        def read(self, path: Path, start: int, length: int) -> bytes:
            if start > plan.snapshot.groups[5].start:
                raise OSError("the disk is gone")
            return super().read(path, start, length)

    with pytest.raises(PipelineError, match=r"the disk is gone.*stage fetch"):
        columns(SpdlEngine(replace(plan, storage=Gone()), Knobs((2, 2, 2, 2))))


def test_no_thread_is_left_where_an_epoch_is_left_early(plan: Plan) -> None:
    before = threading.active_count()
    batches = SpdlEngine(plan, Knobs((4, 4, 4, 4))).batches(iter([0]))
    next(batches)
    batches.close()

    assert threading.active_count() == before


def test_gauges_count_what_was_done_and_hold_nothing_in_the_end(plan: Plan) -> None:
    engine = SpdlEngine(plan, Knobs((2, 2, 2, 2)))
    n = len(columns(engine))
    counters = engine.read()

    assert counters.batches == counters.tasks[-1] == n
    assert counters.tasks[0] == counters.tasks[1] == counters.tasks[2] == len(plan.snapshot.groups)
    assert counters.held.tolist() == [0, 0, 0, 0]
    assert counters.ready_bytes == 0
    assert counters.peak_held > 0
    assert (counters.busy > 0).all()


def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.parquet"
    path.write_bytes(b"PAR1 nothing of the kind PAR1")

    with pytest.raises(SnapshotError, match=r"snapshot\.parquet"):
        Snapshot.open(path)


@pytest.mark.parametrize("knobs", [{"workers": (0, 1, 1, 1)}, {"prefetch": 33}, {"in_flight": 0}])
def test_knobs_outside_their_ranges_are_refused(knobs: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="outside 1-"):
        Knobs(**knobs)  # type: ignore[arg-type]
