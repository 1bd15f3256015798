"""The table of a live contest: a row a tuner, means over its undisturbed runs, differences paired by repeat.

A machine is not as fast in one minute as in the next, so the best of a grid that was measured on another day is no fair
1. Where whoever knew that allocation ran in the same repeat, q is held against what it made there once it had settled.
Intervals are percentiles of a bootstrap over repeats (Efron and Tibshirani 1993); with five of them they are narrow by
luck as often as by merit, so the number is told with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.tuner.real.contest import LiveRun
from recsys_assets.tuner.real.entrants import KNOWN, REFERENCE

SETTLING = 2
"""Intervals after the start and after the re-size that a level is not taken from."""


@dataclass(frozen=True)
class Place:
    """One tuner. Rates in batches a second."""

    tuner: str
    runs: int
    left_out: int
    """Runs that others disturbed."""
    q: float
    """Mean over its runs."""
    q_of_grid: float
    """The same against the grid as it was measured."""
    difference: float
    """In q against the reference, over the repeats that both have; nan where there is none."""
    low: float
    high: float
    pairs: int
    before_resize: float
    at_end: float
    after_resize: float
    throughput: float
    times_untuned: float
    """Throughput over that of one worker a stage; nan where nobody stayed there."""
    stall: float
    switches: float
    decision_ms: float
    cpu_ms: float
    """CPU milliseconds for a batch."""
    died: float
    """Share of intervals over the memory budget."""


def standings(runs: Sequence[LiveRun], *, others: float, reference: str = REFERENCE) -> list[Place]:
    """The best first. `others`: cores that others may have used in a run that counts."""
    good = [run for run in runs if run.foreign <= others]
    level = {run.repeat: settled(run) for run in good if run.tuner == KNOWN}
    held = [replace(run, best=level.get(run.repeat, run.best)) for run in good]
    names = dict.fromkeys(run.tuner for run in good)
    places = [_place(name, held, _grid_q(name, good), _left_out(name, runs, others), reference) for name in names]
    return sorted(places, key=lambda place: -place.q)


def settled(run: LiveRun) -> tuple[float, float]:
    """Batches a second before and after the re-size, without the intervals in which a change was still felt.

    As by the grid where a run has no others.
    """
    made = np.array([d.throughput for d in run.decisions])
    before, after = made[SETTLING : run.resized], made[run.resized + SETTLING :]
    return (
        float(before.mean()) if len(before) else run.best[0],
        float(after.mean()) if len(after) else run.best[1],
    )


def _grid_q(name: str, good: Sequence[LiveRun]) -> float:
    return float(np.mean([run.mean for run in good if run.tuner == name]))


def _left_out(name: str, runs: Sequence[LiveRun], others: float) -> int:
    return sum(run.tuner == name and run.foreign > others for run in runs)


def _place(name: str, good: Sequence[LiveRun], q_of_grid: float, left_out: int, reference: str) -> Place:
    own = [run for run in good if run.tuner == name]
    against = difference(good, name, reference)
    untuned = [run.throughput for run in good if run.tuner == "one worker a stage"]

    def mean(figure: str) -> float:
        return float(np.mean([getattr(run, figure) for run in own]))

    return Place(
        name,
        len(own),
        left_out,
        mean("mean"),
        q_of_grid,
        against.mean,
        against.low,
        against.high,
        against.n,
        mean("before_resize"),
        mean("at_end"),
        mean("after_resize"),
        mean("throughput"),
        mean("throughput") / float(np.mean(untuned)) if any(untuned) else float("nan"),
        mean("stall"),
        mean("switches"),
        mean("decision_ms"),
        mean("cpu_ms"),
        mean("over_budget"),
    )


def difference(runs: Sequence[LiveRun], name: str, reference: str) -> Interval:
    """In mean q of the repeats that both have."""
    one, other = ({run.repeat: run.mean for run in runs if run.tuner == n} for n in (name, reference))
    both = sorted(one.keys() & other.keys())
    if not both:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    return paired_bootstrap(np.array([one[r] for r in both]), np.array([other[r] for r in both]), seed=0)
