"""A trainer that trains: it learns what it is fed, and its own pace is measured."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.streaming.engine import Knobs, SpdlEngine
from recsys_assets.tuner.real import training as measured
from recsys_assets.tuner.real.grid import read
from recsys_assets.tuner.real.probe import RunningPipeline
from recsys_assets.tuner.real.training import Training, paced
from recsys_assets.tuner.real.workload import GPU_TRAINED, LOCAL_DISK, Workload
from recsys_assets_tests.tuner.real.conftest import PLANTED, planted_rows

ON_CPU = replace(LOCAL_DISK, name="trained", trained_on="cpu")


@pytest.fixture
def batches(small: Workload) -> list[Batch]:
    with closing(SpdlEngine(small.plan(LOCAL_DISK)).batches(iter([0]))) as made:
        return list(islice(made, 4))


def test_training_learns_the_batches_it_takes(small: Workload, batches: list[Batch]) -> None:
    """Its loss is that of the batch, and falls where the same batch comes again."""
    training, lost = Training(small.n_items, small.work, "cpu"), []
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
        training = Training(small.n_items, small.work, "cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            training(batches[0])
        losses.append(float(training.loss))
    assert losses[0] == losses[1]


def test_a_trainings_pace_is_measured(small: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "SECONDS", 0.05)
    found = paced(small, ON_CPU)
    assert found.trainer != ON_CPU.trainer > 0
    assert replace(found, trainer=ON_CPU.trainer) == ON_CPU


def test_a_grid_is_read_with_the_pace_that_it_was_measured_at(tmp_path: Path) -> None:
    planted_rows().write_parquet(tmp_path / "grid.parquet")
    assert read(tmp_path / "grid.parquet", replace(PLANTED, trainer=1.0)).scenario == PLANTED


def test_the_pipeline_feeds_the_training(small: Workload) -> None:
    with RunningPipeline(small, ON_CPU) as running:
        probe = running.probe(Knobs.lean((1, 1, 1, 1), 2), seconds=0.3)
        assert isinstance(running.step, Training)
    assert probe.batches_per_second > 0
    assert running.step.steps.taken > 0


def test_an_emulated_trainer_keeps_the_pace_it_was_given(small: Workload) -> None:
    assert paced(small, LOCAL_DISK) is LOCAL_DISK


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_trained_on_one(small: Workload) -> None:
    with pytest.raises(ValueError, match="finds no GPU here"):
        paced(small, GPU_TRAINED)


@pytest.mark.gpu
def test_on_a_gpu_the_trainer_leaves_the_cores_to_the_pipeline(small: Workload) -> None:
    scenario = paced(small, replace(GPU_TRAINED, latency=0.0))
    with RunningPipeline(small, scenario) as running:
        probe = running.probe(Knobs.lean((1, 1, 1, 1), 2), seconds=1.0)
    assert probe.batches_per_second > 0
    assert probe.gpu is not None
    assert 0 < probe.gpu <= 1
