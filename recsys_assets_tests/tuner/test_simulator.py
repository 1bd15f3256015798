"""Pipelines in closed form: the optimum is one, running out of memory costs, and the same seed gives the same run."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.simulator.families import FAMILIAR, SHIFTED, Family, draw
from recsys_assets.tuner.simulator.optimum import optimum
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario


@pytest.mark.parametrize("family", [FAMILIAR, SHIFTED], ids=lambda f: f.name)
def test_no_allocation_of_thousands_beats_the_optimum(family: Family) -> None:
    rng = np.random.default_rng(3)
    pipelines = draw(family, 30, rng)
    best = optimum(pipelines)

    np.testing.assert_allclose(pipelines.throughput(best.allocation), best.throughput)
    assert (pipelines.memory(best.allocation) <= 1).all()
    for _ in range(400):
        near = best.allocation.workers * np.exp(rng.normal(scale=rng.choice([0.1, 0.5, 2.0]), size=(30, 4)))
        tried = Allocation.bounded(near, best.allocation.prefetch + rng.integers(-6, 7, 30))
        value = np.where(pipelines.memory(tried) <= 1, pipelines.throughput(tried), 0)
        assert (value <= best.throughput * (1 + 1e-9)).all()


def test_a_pipeline_out_of_memory_loses_two_intervals_and_starts_again_as_it_was() -> None:
    drawn = scenario(FAMILIAR, 40, seed=5)
    running = RunningPipelines(drawn, seed=1)
    running.step(Allocation.least(40))
    everything = Allocation.bounded(np.full((40, 4), 128), np.full(40, 32))

    readings, quality, died = running.step(everything)
    assert died.any()
    assert (quality[died] == 0).all()
    assert readings.down[died].all()
    _, quality, again = running.step(everything)
    assert (quality[died] == 0).all()
    assert not again[died].any()
    np.testing.assert_array_equal(running.allocation.workers[died], 1)


def test_changing_workers_costs_part_of_the_interval() -> None:
    drawn = scenario(FAMILIAR, 40, seed=5)
    still, moving = RunningPipelines(drawn, seed=1), RunningPipelines(drawn, seed=1)
    two = Allocation.bounded(np.full((40, 4), 2), np.ones(40))
    still.step(two)
    moving.step(Allocation.least(40))

    _, settled, _ = still.step(two)
    _, moved, _ = moving.step(two)
    assert (moved < settled).all()


def test_a_run_is_repeated_and_readings_are_noisy() -> None:
    drawn = scenario(FAMILIAR, 20, seed=6)
    one, two = (RunningPipelines(drawn, seed=4).step(Allocation.least(20))[0] for _ in range(2))
    other, quality, _ = RunningPipelines(drawn, seed=5).step(Allocation.least(20))

    np.testing.assert_array_equal(one.throughput, two.throughput)
    assert not np.array_equal(one.throughput, other.throughput)
    np.testing.assert_allclose(one.throughput, other.throughput, rtol=0.3)
    assert (quality <= 1).all()


def test_the_cores_change_once_at_the_step_that_was_drawn() -> None:
    drawn = scenario(FAMILIAR, 20, seed=6)
    running = RunningPipelines(drawn, seed=4)
    cores = np.stack([running.step(Allocation.least(20))[0].cores for _ in range(60)], axis=1)

    changes = np.diff(cores, axis=1) != 0
    assert (changes.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(changes.argmax(axis=1) + 1, drawn.resized)
