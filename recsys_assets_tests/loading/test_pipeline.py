"""The whole pipeline: the same batches whatever the workers; errors surface; stopping leaves no thread behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import PipelineConfig, TrainingPipeline
from recsys_assets.loading.tensors import tensors_of
from recsys_assets.loading.threads import map_ordered, prefetched
from recsys_assets_tests.loading.conftest import sequences_of_lengths

LENGTHS = np.random.default_rng(0).integers(0, 40, 200).tolist()
N_EVENTS = sum(LENGTHS)


def pipeline(*, seed: int = 3, **knobs: int) -> TrainingPipeline:
    config = PipelineConfig.model_validate({"batch_size": 8, "chunk_users": 16, "shuffle_buffer": 32} | knobs)
    return TrainingPipeline(sequences_of_lengths(LENGTHS), 10, Negatives(4, N_EVENTS), config, seed)


def same(a: list[Batch], b: list[Batch]) -> bool:
    columns = ("items", "ratings", "times", "targets", "negatives")
    return len(a) == len(b) and all(
        np.array_equal(getattr(x, c), getattr(y, c)) for x, y in zip(a, b, strict=True) for c in columns
    )


def threads() -> list[str]:
    gc.collect()
    return [t.name for t in threading.enumerate() if t.name.startswith("loading")]


@pytest.mark.parametrize("workers", [0, 1, 4])
@pytest.mark.parametrize("prefetch", [0, 1, 5])
def test_batches_do_not_depend_on_who_makes_them(workers: int, prefetch: int) -> None:
    expected = list(pipeline(workers=0, prefetch=0).epoch(2))
    assert same(list(pipeline(workers=workers, prefetch=prefetch).epoch(2)), expected)
    assert threads() == []


def test_epochs_and_seeds_differ() -> None:
    first = list(pipeline().epoch(0))
    assert not same(first, list(pipeline().epoch(1)))
    assert not same(first, list(pipeline(seed=4).epoch(0)))


def test_an_epoch_asks_for_every_event_that_has_one_before_it_once() -> None:
    targets = np.concatenate([b.targets[b.targets >= 0] for b in pipeline(workers=2).epoch(0)])
    whole = sequences_of_lengths(LENGTHS)
    assert len(targets) == len(set(targets.tolist())) == np.maximum(whole.lengths - 1, 0).sum()


def test_no_user_gives_no_batch() -> None:
    config = PipelineConfig(workers=2)
    empty = TrainingPipeline(sequences_of_lengths([1, 0, 1]), 10, Negatives(0, 5), config, 0)
    assert list(empty.epoch(0)) == []


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_stopping_early_leaves_no_thread_behind(workers: int, prefetch: int) -> None:
    batches = pipeline(workers=workers, prefetch=prefetch).epoch(0)
    assert len(list(islice(batches, 2))) == 2
    batches.close()  # type: ignore[attr-defined]
    assert threads() == []


def test_a_forgotten_epoch_leaves_no_thread_behind() -> None:
    for _ in pipeline(workers=3).epoch(0):
        break
    assert threads() == []


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_of_a_worker_surfaces_where_batches_are_read(
    workers: int, prefetch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Negatives, n_windows: int, rng: np.random.Generator) -> np.ndarray:
        if n_windows == 16:
            raise ValueError("no negatives to be had")
        return np.zeros((n_windows, 1), dtype=np.int32)

    monkeypatch.setattr(Negatives, "draw", broken)
    config = PipelineConfig(workers=workers, prefetch=prefetch, chunk_users=16, shuffle_buffer=1)
    source = sequences_of_lengths([3] * 100)
    with pytest.raises(ValueError, match="no negatives to be had"):
        list(TrainingPipeline(source, 10, Negatives(1, 300), config, 0).epoch(0))
    assert threads() == []


def test_workers_do_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert list(map_ordered(lambda i: (meeting.wait(), i)[1], range(9), workers=3)) == list(range(9))


def test_results_keep_the_order_of_what_was_asked() -> None:
    gates = [threading.Event() for _ in range(4)]
    gates[3].set()

    def after_the_next(i: int) -> int:
        gates[i].wait(10)
        if i:
            gates[i - 1].set()
        return i

    assert list(map_ordered(after_the_next, range(4), workers=4)) == [0, 1, 2, 3]


def test_no_more_is_made_ahead_than_asked() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    source = prefetched(numbers(), depth=3)
    assert next(source) == 0
    source.close()  # type: ignore[attr-defined]
    assert len(made) <= 6


def test_negatives_are_of_all_movies_alike() -> None:
    drawn = Negatives(50, 20).draw(400, np.random.default_rng(0))
    assert drawn.shape == (400, 50)
    assert np.abs(np.bincount(drawn.ravel(), minlength=20) - 1000).max() < 150


def test_tensors_hold_the_batch() -> None:
    import torch

    batch = next(iter(pipeline(prefetch=0).epoch(0)))
    tensors = tensors_of(batch, n_items=N_EVENTS, device=torch.device("cpu"))
    items = tensors.inputs.items.numpy()
    np.testing.assert_array_equal(np.where(items == N_EVENTS, -1, items), batch.items)
    np.testing.assert_array_equal(tensors.targets.numpy(), batch.targets)
    np.testing.assert_array_equal(tensors.inputs.times.numpy(), batch.times)
    assert tensors.inputs.ratings.dtype == torch.float32
