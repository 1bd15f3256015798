"""Every tuner stays in its bounds and in the memory, forgets the pipelines before, and does what its theory says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.tuner.allocation import MOST_PREFETCH, MOST_WORKERS, Allocation
from recsys_assets.tuner.controllers.analytic import Autotune, PlumberProgram
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.controllers.curves import LOG_SLOWER, StageCurves, least_workers
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.rules import BottleneckRule, EvenSplit, OneEach
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.controllers.trainer import TrainerRate
from recsys_assets.tuner.controllers.within import within_memory
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.simulator.families import FAMILIAR, SHIFTED
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario

ALL: list[Callable[[], Controller]] = [
    OneEach,
    EvenSplit,
    BottleneckRule,
    PlumberProgram,
    Autotune,
    ProportionalControl,
    ModelBased,
]
QUIET = replace(FAMILIAR, noise=1e-9)


@pytest.mark.parametrize("make", ALL, ids=lambda c: c.name)
def test_a_shielded_tuner_never_runs_out_of_memory_on_familiar_pipelines(make: Callable[[], Controller]) -> None:
    assert play(Shielded(make()), scenario(FAMILIAR, 64, seed=11), seed=2).died == 0


@pytest.mark.parametrize("make", ALL, ids=lambda c: c.name)
def test_a_tuner_that_begins_again_remembers_nothing(make: Callable[[], Controller]) -> None:
    tuner, drawn = Shielded(make()), scenario(SHIFTED, 16, seed=11)
    play(tuner, scenario(FAMILIAR, 16, seed=12), seed=2)

    np.testing.assert_array_equal(play(tuner, drawn, seed=2).quality, play(Shielded(make()), drawn, seed=2).quality)


def test_who_models_the_pipeline_beats_who_does_not() -> None:
    drawn = scenario(FAMILIAR, 64, seed=11)
    quality = {c.name: play(Shielded(c), drawn, seed=2).mean.mean for c in (make() for make in ALL)}

    assert list(sorted(quality, key=lambda n: -quality[n])[:2]) == ["fitted model", "DS2-style control"]
    assert quality["one worker a stage"] < 0.2


def test_the_fitted_model_finds_the_optimum_where_nothing_is_noisy() -> None:
    run = play(Shielded(ModelBased()), scenario(QUIET, 64, seed=11), seed=2)

    assert run.quality[:, 10:20].mean() > 0.97


def test_workers_for_a_rate_are_the_fewest_that_reach_it() -> None:
    rng = np.random.default_rng(0)
    slower = np.exp(LOG_SLOWER[rng.integers(len(LOG_SLOWER), size=(20, 4))])
    rates = np.arange(1, MOST_WORKERS + 1) / slower
    wanted = rng.uniform(0.5, 12, (3, 20))
    found = least_workers(rates, wanted)

    for t, b, n in np.ndindex(found.shape):
        reach = np.flatnonzero(rates[b, n] >= wanted[t, b])
        assert found[t, b, n] == (reach[0] + 1 if len(reach) else MOST_WORKERS + 1)


def test_curves_are_learned_from_what_was_read_at_different_numbers_of_workers() -> None:
    drawn = scenario(QUIET, 32, seed=3)
    running, curves = RunningPipelines(drawn, seed=0), StageCurves(32)
    for workers in (1, 1, 2, 3, 6, 10):
        readings, _, _ = running.step(Allocation.bounded(np.full((32, 4), workers), np.full(32, 2)))
        curves.learn(readings)
    found = curves.rates()
    truth = drawn.before.stage_rates(np.full((32, 4), 3))

    # a fetch that the bandwidth holds back is slower than its workers are
    np.testing.assert_allclose(found[:, 1:, 2], truth[:, 1:], rtol=0.12)
    alone = curves.log_seconds()[0][:, 1:, 0]
    np.testing.assert_allclose(np.exp(-alone), drawn.before.rate[:, 1:], rtol=0.06)


def test_a_stage_that_more_workers_did_not_help_is_not_given_more() -> None:
    """A bandwidth of 6 workers: read at 1, 8 and 12."""
    curves, n = StageCurves(1), np.ones((1, 4))
    for workers, made in ((1, 1.0), (8, 6.0), (12, 6.0), (8, 6.0)):
        allocation = Allocation(np.full((1, 4), workers), np.array([4]))
        cpu, memory = 0.01 * n, 0.01 * n
        of_all = np.array([made]), n, cpu, np.array([0.9]), memory, np.array([0.01]), np.array([0.1])
        curves.learn(Readings(allocation, np.array([64]), *of_all, np.array([False])))
    rates = curves.rates()[0]

    assert (rates[:, 63] < 12).all()
    assert (rates[:, 3] > 2.5).all()


def test_what_does_not_fit_is_cut_to_what_does() -> None:
    drawn = scenario(FAMILIAR, 50, seed=9)
    running, memory = RunningPipelines(drawn, seed=0), MemoryEstimate(50)
    readings, _, _ = running.step(Allocation.least(50))
    for _ in range(5):
        memory.learn(readings)
        readings, _, _ = running.step(Allocation.least(50))
    cut = within_memory(Allocation.bounded(np.full((50, 4), 128), np.full(50, 32)), memory)

    assert (drawn.before.memory(cut) <= 1).all()
    assert (drawn.before.memory(cut) > 0.75).mean() > 0.8


def test_what_ran_out_of_memory_is_not_asked_for_again() -> None:
    """Readings that say half of what there is: but for the crash, the same would be wanted again and again."""
    memory, n, running = MemoryEstimate(1), np.ones((1, 4)), np.array([False])
    small, large = (Allocation.bounded(np.full((1, 4), w), np.array([4])) for w in (2, 20))

    def read(allocation: Allocation, down: np.ndarray) -> Readings:
        held = 0.01 * allocation.workers
        whole = np.array([held.sum() + 0.05])
        return Readings(allocation, np.array([64]), n[:, 0], n, n, n[:, 0], held, np.array([0.001]), whole, down)

    for _ in range(3):
        memory.learn(read(small, running))
    assert memory.of(large)[0] < 1.2
    memory.learn(read(large, ~running))

    assert memory.of(large)[0] > 1
    assert within_memory(large, memory).workers.max() < 20
    assert memory.of(small)[0] < 1


def test_allocations_stay_in_their_bounds() -> None:
    wild = Allocation.bounded(np.array([[-3, 0, 1e9, 5]]), np.array([99]))

    assert wild.workers.tolist() == [[1, 1, MOST_WORKERS, 5]]
    assert wild.prefetch.tolist() == [MOST_PREFETCH]


def test_one_busy_worker_s_rate_is_throughput_over_work() -> None:
    n = np.ones((1, 4))
    readings = Readings(
        Allocation(np.array([[2, 1, 1, 1]]), np.array([1])),
        np.array([4]),
        np.array([6.0]),
        0.5 * n,
        0.1 * n,
        np.array([0.25]),
        n,
        np.array([0.1]),
        np.array([0.5]),
        np.array([False]),
    )

    assert readings.rate_per_worker.tolist() == [[6.0, 12.0, 12.0, 12.0]]
    assert readings.trainer_rate.tolist() == [8.0]


def read(
    *, throughput: float, workers: list[int], busy: list[float], cpu: list[float], stall: float, cores: int = 2
) -> Readings:
    """Of one pipeline that holds next to nothing."""
    return Readings(
        Allocation(np.array([workers]), np.array([2])),
        np.array([cores]),
        np.array([throughput]),
        np.array([busy]),
        np.array([cpu]),
        np.array([stall]),
        np.full((1, 4), 1e-4),
        np.array([1e-4]),
        np.array([1e-3]),
        np.array([False]),
    )


WAITS = read(throughput=20, workers=[1, 1, 1, 1], busy=[1, 0.02, 0.05, 0.01], cpu=[1e-4, 8e-4, 2e-3, 3e-4], stall=0.92)
"""Fetch waits 50 ms for a batch and computes next to nothing; the trainer takes 250 a second; 2 cores."""


@pytest.mark.parametrize(
    ("tuner", "workers"),
    [
        (PlumberProgram(), [13, 1, 1, 1]),
        (ProportionalControl(), [13, 1, 1, 1]),
        (Autotune(), [2, 1, 1, 1]),
        (Autotune(threads=16), [13, 1, 1, 1]),
        (EvenSplit(), [1, 1, 1, 1]),
        (EvenSplit(each=16), [16, 16, 16, 16]),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_a_stage_that_waits_for_storage_needs_no_core(tuner: Controller, workers: list[int]) -> None:
    """12.5 make what the trainer takes; AUTOTUNE as published counts waiting as work, and stops at the cores."""
    tuner.begin(1)

    assert tuner.decide(WAITS).workers.tolist() == [workers]


def test_the_bottleneck_rule_adds_workers_until_all_cores_are_at_work() -> None:
    rule = BottleneckRule()
    crowded = replace(WAITS, cpu=WAITS.cpu * 30)

    assert rule.decide(WAITS).workers.tolist() == [[2, 1, 1, 1]]
    assert rule.decide(crowded).workers.tolist() == [[1, 1, 1, 1]]


def test_an_interval_of_waiting_says_next_to_nothing_of_the_trainer() -> None:
    rate = TrainerRate(1)
    for readings in (
        replace(WAITS, stall=np.array([1.0])),
        *[replace(WAITS, throughput=np.array([245.0]), stall=np.array([0.02]))] * 3,
    ):
        rate.add(readings)

    assert rate.mean[0] == pytest.approx(250, rel=0.03)
    assert replace(WAITS, stall=np.array([1.0])).trainer_rate[0] > 10_000
