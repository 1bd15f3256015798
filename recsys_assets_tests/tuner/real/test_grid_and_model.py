"""Grids are read without what was disturbed; the model finds a planted law, and what it foretells is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.rules import OneEach
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.deployed import shipped_grid
from recsys_assets.tuner.real.calibration import calibrate
from recsys_assets.tuner.real.grid import LEVELS, Grid, GridError, allocations, measure, read
from recsys_assets.tuner.real.replay import MeasuredPipeline, replayed
from recsys_assets.tuner.real.validation import fair_regret, repeated, validate
from recsys_assets.tuner.real.what_if import ask, bytes_of
from recsys_assets.tuner.real.workload import LOCAL_DISK, OBJECT_STORE, Scenario, Workload
from recsys_assets_tests.tuner.real.conftest import CORES, CPU, PLANTED, RATE, TRAINER, planted_rows


def test_a_grid_measured_in_two_goes_is_as_long_as_one_and_keeps_its_probes(small: Workload, tmp_path: Path) -> None:
    levels, path = ((1, 2), (1,), (1, 2), (1,), (2,)), tmp_path / "real.parquet"
    half = measure(small, LOCAL_DISK, path, cores=1, passes=1, levels=((1,), (1,), (1, 2), (1,), (2,)))
    whole = measure(small, LOCAL_DISK, path, cores=1, passes=1, levels=levels)

    assert len(half) == 2
    assert len(whole) == len(allocations(levels)) == 4
    assert whole.slice(0, 2).equals(half)
    assert all(made > 0 for made in whole["throughput"].to_pylist())
    assert len({(row["fetch"], row["sample"]) for row in whole.to_pylist()}) == 4


def test_disturbed_probes_are_left_out_and_a_grid_of_little_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grid.parquet"
    noisy = planted_rows(foreign=1.0).with_columns(pl.col("throughput") * 0.1)
    pl.concat([planted_rows(), noisy]).write_parquet(path)
    grid = read(path, PLANTED)

    assert len(grid) == 120
    assert grid.left_out == 120
    assert grid.throughput.max() == pytest.approx(TRAINER)
    assert grid.throughput[grid.untuned] == pytest.approx(RATE[0])
    noisy.write_parquet(path)
    with pytest.raises(GridError, match="0 allocations undisturbed of 120"):
        read(path, PLANTED)


def test_the_model_finds_the_planted_law_from_a_third_of_the_grid(planted: Grid) -> None:
    rows = np.random.default_rng(0).permutation(len(planted))[:40]
    model = calibrate(planted, rows)

    np.testing.assert_allclose(model.rate[:1], RATE[:1], rtol=0.05)
    np.testing.assert_allclose(model.throughput(planted.allocation), planted.throughput, rtol=0.12)
    np.testing.assert_allclose(model.worker_bytes, 1e5, rtol=1e-3)
    assert model.batch_bytes == pytest.approx(2e5, rel=1e-3)
    assert model.limit_of(Allocation.least(1), cores=CORES) == "fetch"


def test_a_grid_of_chance_does_not_pass(planted: Grid) -> None:
    assert validate(planted, splits=5).passed
    shuffled = np.random.default_rng(0).permutation(planted.throughput)
    found = validate(replace(planted, throughput=shuffled, passes=shuffled[:, None]), splits=5)

    assert not found.passed
    assert "NOT passed: error" in found.sentence
    assert len(found.missed) >= 2


def test_of_allocations_that_are_alike_none_is_regretted() -> None:
    """Their best by chance would be 10 % better than any that was chosen before."""
    rng = np.random.default_rng(0)
    worlds = 100 * (1 + 0.05 * rng.normal(size=(1000, 100, 2)))
    fair = [fair_regret(0, world) for world in worlds]
    raw = [1 - world[0].mean() / world.mean(axis=1).max() for world in worlds]

    assert abs(np.mean(fair)) < 0.006
    assert np.mean(raw) > 0.07
    assert np.mean([repeated(world) for world in worlds]) > 0.08
    better = np.vstack([worlds[0], [[150.0, 150.0]]])
    assert fair_regret(0, better) == pytest.approx(1 - worlds[0, 0].mean() / 150)
    assert repeated(better) == 0
    assert np.isnan(fair_regret(0, worlds[0][:, :1]))


def test_what_if_gives_no_figure_where_the_model_did_not_pass(planted: Grid) -> None:
    shuffled = np.random.default_rng(0).permutation(planted.throughput)
    chance = replace(planted, throughput=shuffled, passes=shuffled[:, None])
    refused = ask(chance, cores=64, memory=1e9)
    answered = ask(planted, cores=2, memory=1e9)

    assert refused.throughput is None
    assert "No figure is given" in refused.lines[-1]
    assert answered.throughput == pytest.approx(TRAINER, rel=0.1)
    assert "SIMULATED" in answered.lines[1]
    assert answered.untuned == pytest.approx(RATE[0], rel=0.1)


def test_what_if_keeps_within_the_memory(planted: Grid) -> None:
    tight = ask(planted, cores=2, memory=2.2e6)

    assert tight.allocation is not None
    assert calibrate(planted).memory(tight.allocation)[0] <= 2.2e6
    assert tight.throughput is not None
    assert tight.throughput < TRAINER
    with pytest.raises(ValueError, match="not even one worker a stage fits"):
        ask(planted, cores=2, memory=1e5)


@pytest.mark.parametrize(("text", "size"), [("512MB", 512e6), ("1.5 GiB", 1.5 * 2**30), ("7", 7.0)])
def test_memory_is_read_as_people_write_it(text: str, size: float) -> None:
    assert bytes_of(text) == size


def test_what_is_no_memory_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write e\.g\. 512MB"):
        bytes_of("much")


def test_a_replay_gives_what_was_measured_and_what_lies_between(planted: Grid) -> None:
    pipeline = MeasuredPipeline([planted])
    for row in (0, 37, 119):
        _, quality, _ = pipeline.step(planted.allocation.take(np.array([row])))
        _, quality, _ = pipeline.step(planted.allocation.take(np.array([row])))  # no switch in this one
        assert quality[0] == pytest.approx(planted.throughput[row] / TRAINER)
    three = Allocation(np.array([[3, 2, 4, 2]]), np.array([8]))
    pipeline.step(three)
    _, quality, _ = pipeline.step(three)
    assert 40 / TRAINER < quality[0] < 80 / TRAINER


@pytest.mark.parametrize(("tuner", "low", "high"), [(OneEach(), 0.09, 0.11), (Shielded(ProportionalControl()), 0.8, 1)])
def test_tuners_play_on_a_replay(planted: Grid, tuner: Controller, low: float, high: float) -> None:
    quality = replayed(tuner, [planted], seed=1, steps=30)

    assert low <= quality.mean() <= high
    assert (replayed(tuner, [planted], seed=1, steps=30) == quality).all()


def test_a_replay_that_holds_more_than_the_budget_dies_and_comes_back(planted: Grid) -> None:
    tight = replace(planted, scenario=replace(OBJECT_STORE, trainer=TRAINER, budget=2e6))
    pipeline = MeasuredPipeline([tight])
    _, _, died = pipeline.step(Allocation.least(1))
    assert not died[0]
    _, quality, died = pipeline.step(Allocation(np.array([[16, 2, 4, 2]]), np.array([8])))
    assert died[0]
    assert quality[0] == 0
    readings, quality, _ = pipeline.step(Allocation.least(1))
    assert readings.down[0]
    assert quality[0] == 0
    readings, quality, _ = pipeline.step(Allocation.least(1))
    assert not readings.down[0]
    assert quality[0] > 0


def test_every_level_is_what_the_engine_can_run() -> None:
    assert len(allocations(LEVELS)) == 120
    assert CPU.shape == RATE.shape


@pytest.mark.parametrize(("scenario", "cores", "passed"), [(OBJECT_STORE, 2, True), (LOCAL_DISK, 2, False)])
def test_the_model_passes_on_the_measured_object_store_and_is_refused_on_the_local_disk(
    scenario: Scenario, cores: int, passed: bool
) -> None:
    grid = shipped_grid(scenario, cores)
    found = validate(grid, splits=4)

    assert found.passed is passed
    assert found.mape < 0.06
    assert (ask(grid, cores=64, memory=256e9).throughput is not None) is passed


def test_what_was_measured_is_what_is_claimed_of_it() -> None:
    store, disk = shipped_grid(OBJECT_STORE, 2), shipped_grid(LOCAL_DISK, 2)

    assert store.throughput.max() / store.throughput[store.untuned] > 10
    assert 1.1 < disk.throughput.max() / disk.throughput[disk.untuned] < 1.2
    assert store.allocation.workers[store.best][0] == 16
