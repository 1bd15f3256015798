"""Trainers take batches: one sleeps as long as it was told to, the other learns from them."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from recsys_assets.loading.batches import PADDING, Batch
from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.tuner.real.probe import RunningPipeline
from recsys_assets.tuner.real.trainers import computing, sleeping
from recsys_assets.tuner.real.workload import LOCAL_DISK, SCENARIOS, Workload


def batch(rng: np.random.Generator, n_items: int) -> Batch:
    """Whoever read an even movie reads movie 0 next, whoever read an odd one movie 1; rows are padded."""
    items = rng.integers(0, n_items, (64, 3)).astype(np.int32)
    items[:, 1] = items[:, 0]
    items[:, 2] = PADDING
    targets = np.repeat(items[:, :1] % 2, 3, axis=1).astype(np.int32)
    negatives = np.repeat(1 - targets[:, :1], 4, axis=1)
    return Batch(items, np.ones((64, 3), np.float32), np.zeros((64, 3), np.int64), targets, negatives)


def test_a_trainer_that_sleeps_takes_no_more_than_its_rate() -> None:
    step, began = sleeping(200.0), time.perf_counter()
    for _ in range(20):
        step(batch(np.random.default_rng(0), 20))

    assert time.perf_counter() - began >= 19 / 200


def test_a_trainer_that_computes_learns() -> None:
    rng, step = np.random.default_rng(0), computing(20, seed=1)
    losses = [step(batch(rng, 20)) for _ in range(300)]

    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_scenarios_with_a_trainer_that_computes_have_names_of_their_own(small: Workload) -> None:
    computes = SCENARIOS["local-disk-cpu-train"]
    assert replace(computes, computes=False, name="local-disk") == LOCAL_DISK
    with RunningPipeline(small, computes) as running:
        probe = running.probe(Knobs.lean((1, 1, 1, 1), 2), seconds=0.3, warm_up=0.1)

    assert probe.batches_per_second > 0
    assert probe.cpu > sum(probe.cpu_seconds) * probe.batches_per_second
    assert len({s.name for s in SCENARIOS.values()}) == len(SCENARIOS) == 8
