"""Whoever takes the batches: asleep at the pace that was asked for, or training, and then at its own."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.streaming.engine import Knobs, SpdlEngine
from recsys_assets.tuner.real import trainers
from recsys_assets.tuner.real.grid import read
from recsys_assets.tuner.real.probe import RunningPipeline
from recsys_assets.tuner.real.trainers import Asleep, Training, paced
from recsys_assets.tuner.real.workload import LOCAL_DISK, TRAINED_ON, Workload
from recsys_assets_tests.tuner.real.conftest import PLANTED, planted_rows

ON_CPU = replace(LOCAL_DISK, name="trained", step="cpu")


@pytest.fixture
def batches(small: Workload) -> list[Batch]:
    with closing(SpdlEngine(small.plan(LOCAL_DISK)).batches(iter([0]))) as made:
        return list(islice(made, 4))


def test_a_trainer_asleep_takes_its_time_but_makes_up_for_no_wait(batches: list[Batch]) -> None:
    asleep, began = Asleep(rate=100), time.perf_counter()
    for batch in batches:
        asleep(batch)
    assert time.perf_counter() - began >= 4 / 100
    time.sleep(0.1)
    began = time.perf_counter()
    for batch in batches:
        asleep(batch)
    assert time.perf_counter() - began >= 3 / 100


def test_training_learns_the_batches_it_takes(small: Workload, batches: list[Batch]) -> None:
    """Its loss is that of the batch, and falls where the same batch comes again."""
    training, lost = Training(small, "cpu"), []
    for _ in range(15):
        training(batches[0])
        training.wait()
        lost.append(float(training.loss))
    assert all(loss == pytest.approx(loss) for loss in lost)
    assert lost[-1] < lost[0]
    assert training.steps.taken == 15


def test_two_trainings_of_one_workload_begin_alike(small: Workload, batches: list[Batch]) -> None:
    losses = []
    for _ in range(2):
        training = Training(small, "cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            training(batches[0])
        losses.append(float(training.loss))
    assert losses[0] == losses[1]


def test_a_trainings_pace_is_measured(small: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainers, "SECONDS", 0.05)
    found = paced(small, ON_CPU)
    assert found.trainer != ON_CPU.trainer > 0
    assert replace(found, trainer=ON_CPU.trainer) == ON_CPU


def test_a_grid_is_read_with_the_pace_that_it_was_measured_at(tmp_path: Path) -> None:
    planted_rows().write_parquet(tmp_path / "grid.parquet")
    assert read(tmp_path / "grid.parquet", replace(PLANTED, trainer=1.0)).scenario == PLANTED


def test_the_pipeline_feeds_the_training(small: Workload) -> None:
    with RunningPipeline(small, ON_CPU) as running:
        probe = running.probe(Knobs.lean((1, 1, 1, 1), 2), seconds=0.3)
        assert isinstance(running.trainer, Training)
    assert probe.batches_per_second > 0
    assert running.trainer.steps.taken > 0


def test_an_emulated_trainer_keeps_the_pace_it_was_given(small: Workload) -> None:
    assert paced(small, LOCAL_DISK) is LOCAL_DISK


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_trained_on_one(small: Workload) -> None:
    with pytest.raises(ValueError, match="finds no GPU here"):
        paced(small, TRAINED_ON)
