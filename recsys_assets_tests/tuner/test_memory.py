"""The estimate of memory is Bayes' rule, knows what ran, and keeps pipelines of another kind from running out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.proven import KEPT, Proven
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.controllers.with_ready import LIMIT
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.simulator.families import WIDER, Family, draw
from recsys_assets.tuner.simulator.running import scenario

STAGE, BATCH, ELSE = np.array([0.02, 0.05, 0.03, 0.04]), 0.006, 0.15


def _read(
    workers: list[int], ready: int, rng: np.random.Generator, *, noise: float, rest: float = ELSE, down: bool = False
) -> Readings:
    allocation, one = Allocation.bounded(np.array([workers]), np.array([ready])), np.ones(1)

    def noisy(value: np.ndarray) -> np.ndarray:
        return np.asarray(value * np.exp(noise * rng.normal(size=value.shape)))

    held = allocation.workers * STAGE
    whole = np.array([held.sum() + ready * BATCH + rest])
    of_all = one, np.ones((1, 4)), np.ones((1, 4)), one, noisy(held), noisy(np.array([BATCH])), noisy(whole)
    return Readings(allocation, np.array([64]), *of_all, np.array([down]))


@pytest.mark.parametrize("last", [([6, 3, 4, 4], 6), ([8, 5, 6, 6], 7)])
def test_the_estimate_is_that_of_draws_from_the_prior_weighed_by_the_readings(
    last: tuple[list[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is known: 300,000 draws of all parts, weighed by how likely they make each reading of the whole. What ran
    last fits."""
    noise, rng = 0.08, np.random.default_rng(3)
    monkeypatch.setattr(MemoryEstimate, "NOISE", noise)
    monkeypatch.setattr(MemoryEstimate, "SURE", 1e12)
    memory, read = MemoryEstimate(1), []
    for workers, ready in (([1, 1, 1, 1], 1), ([4, 2, 3, 3], 4), last):
        read.append(_read(workers, ready, rng, noise=noise))
        memory.learn(read[-1])
    wanted = Allocation.bounded(np.array([[8, 5, 6, 6]]), np.array([8]))

    parts = np.log([np.append(r.stage_memory[0] / r.allocation.workers[0], r.batch_memory[0]) for r in read])
    drawn = np.exp(parts.mean(axis=0) + noise / np.sqrt(len(read)) * rng.normal(size=(300_000, 5)))
    rest = rng.normal(MemoryEstimate.ELSE, MemoryEstimate.ELSE_SPREAD, len(drawn))

    def whole(a: Allocation) -> np.ndarray:
        return np.asarray(drawn @ np.append(a.workers[0], a.prefetch[0]) + rest)

    off = np.array([np.log(r.memory[0] / np.maximum(whole(r.allocation), 1e-9)) for r in read])
    weight = np.exp(-((off / noise) ** 2).sum(axis=0) / 2)
    weight, total = weight / weight.sum(), whole(wanted)
    mean = float(weight @ total)
    spread = float(np.sqrt(weight @ (total - mean) ** 2))
    too_much = float(weight @ ((total > LIMIT) & (whole(read[-1].allocation) <= LIMIT)))

    found = memory.beside(wanted.workers)
    assert found.expected(wanted.prefetch)[0] == pytest.approx(mean, rel=0.01)
    assert found.error(wanted.prefetch)[0] == pytest.approx(spread, rel=0.1)
    assert found.risk(wanted.prefetch)[0] == pytest.approx(too_much, abs=0.03)


def test_what_is_else_is_what_training_families_have_until_exact_readings_say_nothing_is() -> None:
    held = np.concatenate([draw(f, 4000, np.random.default_rng(0)).base_memory for f in WIDER])
    assert pytest.approx(held.mean(), abs=0.002) == MemoryEstimate.ELSE
    assert pytest.approx(held.std(), abs=0.003) == MemoryEstimate.ELSE_SPREAD

    memory, rng = MemoryEstimate(1), np.random.default_rng(0)
    assert memory.state[0, -1] == MemoryEstimate.ELSE
    for _ in range(5):
        memory.learn(_read([2, 2, 2, 2], 4, rng, noise=0.001, rest=0))
    assert memory.parts[0, -1] < 0.01


def test_what_ran_is_known_to_fit_and_what_has_more_of_anything_is_not() -> None:
    memory, rng = MemoryEstimate(1), np.random.default_rng(1)
    for _ in range(2):
        memory.learn(_read([8, 4, 5, 5], 4, rng, noise=0.1))
    ran, other = memory.beside(np.array([[8, 4, 5, 5]])), memory.beside(np.array([[7, 4, 5, 5]]))

    assert ran.safely(np.array([4]), safe=9)[0] == LIMIT
    assert ran.risk(np.array([4]))[0] == other.risk(np.array([4]))[0] == 0
    assert other.safely(np.array([24]), safe=9)[0] > LIMIT
    assert ran.risk(np.array([5]))[0] > 0


def test_a_pipeline_that_stops_where_it_ran_before_has_not_run_out_of_memory() -> None:
    memory, rng = MemoryEstimate(1), np.random.default_rng(1)
    for down in (False, False, True):
        memory.learn(_read([2, 2, 2, 2], 2, rng, noise=0.01, down=down))

    assert memory.of(Allocation.bounded(np.array([[4, 4, 4, 4]]), np.array([4])))[0] < LIMIT


def test_the_last_allocations_that_no_other_covers_are_remembered() -> None:
    proven, yes = Proven(1), np.array([True])
    for place in range(KEPT + 1):
        proven.add(Allocation.bounded(np.array([[1 + place, 9 - place, 1, 1]]), np.array([2])), yes)
        proven.add(Allocation.bounded(np.array([[1, 1, 1, 1]]), np.array([1])), yes)  # covered: takes no place
    proven.add(Allocation.bounded(np.array([[99, 99, 9, 9]]), np.array([9])), ~yes)

    assert proven.ready(np.array([[1, 9, 1, 1]]))[0] == 0
    assert proven.ready(np.array([[2, 8, 1, 1]]))[0] == 2
    assert proven.ready(np.array([[2, 9, 1, 1]]))[0] == 0


@pytest.mark.parametrize("noise", [0.05, 0.12])
def test_pipelines_with_three_times_the_memory_do_not_run_out_of_it(noise: float) -> None:
    drawn = scenario(Family("three times", 64, 0.04, 3.0, 0.5, noise), 150, seed=5)
    run = play(Shielded(ModelBased()), drawn, seed=5, steps=30)

    assert run.deaths.sum() == 0
    assert run.quality[:, 20:].mean() > 0.85


def test_a_stage_that_held_nothing_yet_is_not_taken_to_hold_what_the_whole_does() -> None:
    """Its first figure comes with the third interval; until then the whole says nothing of it."""
    memory, rng = MemoryEstimate(1), np.random.default_rng(2)
    for interval in range(4):
        read = _read([2, 2, 2, 2], 2, rng, noise=0.01)
        memory.learn(replace(read, stage_memory=read.stage_memory * [[1, 1, 1, float(interval > 1)]]))
        assert memory.parts[0, 3] < (1e-3 if interval < 2 else 2 * STAGE[3])

    assert memory.parts[0, 3] == pytest.approx(STAGE[3], rel=0.1)
