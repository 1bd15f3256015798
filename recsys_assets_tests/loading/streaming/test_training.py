"""What a model trains on is the same whoever loads it, and whatever the workers are when they change meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest

from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import Epochs, PipelineConfig, training_pipeline
from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.loading.streaming.training import StreamedPipeline
from recsys_assets_tests.loading.conftest import sequences_of_lengths
from recsys_assets_tests.loading.streaming.test_engine import as_bytes

LENGTHS = np.random.default_rng(0).integers(0, 40, 200).tolist()


def pipeline(**config: Any) -> Epochs:
    small = {"batch_size": 8, "chunk_users": 16, "shuffle_buffer": 64}
    return training_pipeline(
        sequences_of_lengths(LENGTHS), 10, Negatives(4, 5000), PipelineConfig.model_validate(small | config), 3
    )


@pytest.mark.parametrize("stages", [(1, 1, 1, 1), (4, 2, 3, 2)])
def test_from_memory_batches_are_those_of_the_plain_pipeline_byte_for_byte(stages: tuple[int, ...]) -> None:
    plain, streamed = pipeline(), pipeline(engine="streaming", stages=stages, prefetch=4)

    for epoch in (0, 1):
        assert [as_bytes(b) for b in streamed.epoch(epoch)] == [as_bytes(b) for b in plain.epoch(epoch)]


def test_from_a_snapshot_batches_are_the_same_while_workers_change_and_no_event_is_lost() -> None:
    still = pipeline(engine="streaming", source="snapshot")
    moving = pipeline(engine="streaming", source="snapshot", store_latency=0.002, stages=(4, 1, 2, 1))
    assert isinstance(moving, StreamedPipeline)
    expected, found, items = [as_bytes(b) for b in still.epoch(0)], [], Counter[int]()
    for i, batch in enumerate(moving.epoch(0)):
        found.append(as_bytes(batch))
        items.update(batch.targets[batch.targets >= 0].tolist())
        moving.engine.resize(Knobs.lean((1 + i % 5, 1, 1 + i % 3, 1), 1 + i % 4))

    assert found == expected
    assert moving.engine.switched > 3
    assert set(items.values()) == {1}
    assert sum(items.values()) == sum(n - 1 for n in LENGTHS if n >= 2)


def test_stopping_early_leaves_no_thread_behind() -> None:
    streamed = pipeline(engine="streaming")
    batches = streamed.epoch(0)
    next(batches)
    batches.close()  # type: ignore[attr-defined]

    assert not [t for t in threading.enumerate() if t.name.startswith("loading")]


@pytest.mark.parametrize(
    "knobs", [{"read_ahead": 3}, {"in_flight": 1}, {"arrow_threads": 2}, {"read_ahead": 64, "in_flight": 64}]
)
def test_slow_knobs_of_speed_change_no_batch_over_several_epochs(knobs: dict[str, int]) -> None:
    away = {"engine": "streaming", "source": "snapshot", "store_latency": 0.002}
    plain, other = pipeline(**away), pipeline(**away, **knobs)
    for epoch in range(3):
        assert [as_bytes(b) for b in other.epoch(epoch)] == [as_bytes(b) for b in plain.epoch(epoch)]


def test_the_next_epoch_begins_without_a_wait_for_storage_where_it_was_read_ahead() -> None:
    """The only row group takes half a second from the store, and none where it is there already."""
    away = {"engine": "streaming", "source": "snapshot", "store_latency": 0.5, "chunk_users": 500}
    ahead = pipeline(**away, read_ahead=1)
    assert len(list(ahead.epoch(0))) > 1
    time.sleep(1.0)
    fetched: list[float] = []
    read = ahead.engine.plan.storage.storage.read  # type: ignore[attr-defined]

    def watched(*part: Any) -> bytes:
        if not threading.current_thread().name.startswith("read-ahead"):  # that is for the epoch after
            fetched.append(time.perf_counter())
        return bytes(read(*part))

    ahead.engine.plan.storage.storage.read = watched  # type: ignore[attr-defined]
    began = time.perf_counter()
    next(iter(ahead.epoch(1)))
    first = time.perf_counter()
    assert not [at for at in fetched if began <= at < first], "its bytes were there"
