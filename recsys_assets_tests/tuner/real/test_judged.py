"""Noise is not taken for a gain, a gain is not taken for noise, and what others disturbed counts for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.tuner.judged import LEAST_PAIRS, MOST_DISTURBED, PAIRS, WORTH, measured_pairs, verdict
from recsys_assets.tuner.real.probe import Probe, RunningPipeline
from recsys_assets.tuner.real.workload import OBJECT_STORE, Workload

DEFAULT, TUNED = Knobs.lean((1, 1, 1, 1), 2), Knobs.lean((8, 1, 2, 1), 8)
STAGES = (0.1, 0.1, 0.1, 0.1)
READ = Probe(DEFAULT, 1.0, 100.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.0, 2, 1e6, STAGES, STAGES, STAGES)


def machine(
    ratio: float, *, noise: float, seed: int, foreign: Iterator[float] | None = None, drift: float = 0.0
) -> Callable[[Knobs], Probe]:
    """A pipeline that makes 100 batches a second by default and `ratio` times as many tuned, on a noisy machine.

    `drift`: share by which the machine gets faster from one probe to the next; `foreign`: cores of others, who take
    half of the throughput away.
    """
    rng, turns = np.random.default_rng(seed), iter(range(10_000))
    others_use = foreign or repeat(0.0)

    def probe(knobs: Knobs) -> Probe:
        others = next(others_use)
        made = 100 * (ratio if knobs == TUNED else 1.0) * np.exp(noise * rng.normal()) * (1 + drift) ** next(turns)
        return replace(READ, knobs=knobs, batches_per_second=made * (0.5 if others else 1.0), foreign=others)

    return probe


def taken(ratio: float, noise: float, n: int, *, drift: float = 0.0) -> float:
    """Share of `n` machines on which it was taken."""
    found = [
        verdict(measured_pairs(machine(ratio, noise=noise, seed=seed, drift=drift), DEFAULT, TUNED)).worth_it
        for seed in range(n)
    ]
    return float(np.mean(found))


@pytest.mark.parametrize("noise", [0.02, 0.2, 0.5])
def test_noise_is_seldom_taken_for_a_gain(noise: float) -> None:
    """One in forty is what an interval of 95 % lets through on its upper side."""
    assert taken(1.0, noise, 400) <= 0.045


def test_one_pair_would_have_taken_noise_for_a_gain_on_every_other_machine() -> None:
    """What was done before: the ratio of two means of two, against 5 %."""
    rng = np.random.default_rng(0)
    made = np.exp(0.2 * rng.normal(size=(400, 2, 2))).mean(axis=2)
    assert (made[:, 1] >= (1 + WORTH) * made[:, 0]).mean() > 0.3


def test_a_gain_is_found_and_one_too_small_is_left() -> None:
    assert taken(1.5, 0.1, 200) > 0.99
    assert taken(1.2, 0.05, 200) > 0.95
    assert taken(1.03, 0.01, 200) == 0
    assert taken(0.7, 0.1, 200) == 0


def test_a_machine_that_drifts_gives_no_gain() -> None:
    """10 % faster from probe to probe: by the order of the pairs it hits both alike."""
    assert taken(1.0, 0.02, 100, drift=0.10) <= 0.05


def test_ten_times_as_fast_is_seen_in_three_pairs_and_a_little_is_looked_at_for_longer() -> None:
    assert len(measured_pairs(machine(10, noise=0.05, seed=1), DEFAULT, TUNED)) == LEAST_PAIRS
    assert len(measured_pairs(machine(1.1, noise=0.05, seed=1), DEFAULT, TUNED)) == PAIRS


def test_disturbed_pairs_are_measured_again_and_never_counted() -> None:
    """Others halve what the default makes in its turns: a gain of 2 that is none."""
    foreign = iter([1.0, 0.0, 0.0, 0.0, 0.0, 1.0, *[0.0] * 40])
    pairs = measured_pairs(machine(1.0, noise=0.01, seed=2, foreign=foreign), DEFAULT, TUNED)
    found = verdict(pairs)
    assert (found.pairs, found.disturbed, len(pairs)) == (PAIRS, 2, PAIRS + 2)
    assert not found.worth_it
    assert abs(found.gain) < 0.02


def test_on_a_busy_machine_the_default_stays_and_it_is_said_why() -> None:
    pairs = measured_pairs(machine(10, noise=0.0, seed=3, foreign=repeat(1.2)), DEFAULT, TUNED)
    found = verdict(pairs)
    assert len(pairs) == MOST_DISTURBED + 1
    assert not found.worth_it
    assert "others used 1.20 cores" in found.reason
    assert "the default stays" in found.reason


def test_a_budget_of_no_seconds_measures_nothing_and_takes_nothing() -> None:
    assert measured_pairs(machine(10, noise=0.0, seed=4), DEFAULT, TUNED, seconds=0.0) == []
    assert not verdict([]).worth_it


def test_on_the_real_pipeline_more_workers_for_a_slow_store_are_taken(small: Workload) -> None:
    scenario = replace(OBJECT_STORE, latency=0.1, trainer=1000.0)
    with RunningPipeline(small, scenario, DEFAULT) as running:

        def probe(knobs: Knobs) -> Probe:
            return replace(running.probe(knobs, seconds=0.5, most=0.8, warm_up=0.1), foreign=0.0)

        found = verdict(measured_pairs(probe, DEFAULT, TUNED))
    assert found.worth_it
    assert found.gain > 0.3
