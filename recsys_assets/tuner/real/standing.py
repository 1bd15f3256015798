"""The table of a live contest: a row a tuner, means over its undisturbed runs, differences paired by repeat.

Intervals are percentiles of a bootstrap over repeats (Efron and Tibshirani 1993); with five of them they are narrow by
luck as often as by merit, so the number is told with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.tuner.real.contest import LiveRun
from recsys_assets.tuner.real.entrants import REFERENCE


@dataclass(frozen=True)
class Place:
    """One tuner. Rates in batches a second."""

    tuner: str
    runs: int
    left_out: int
    """Runs that others disturbed."""
    q: float
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
    died: float
    """Share of intervals over the memory budget."""


def standings(runs: Sequence[LiveRun], *, others: float, reference: str = REFERENCE) -> list[Place]:
    """The best first. `others`: cores that others may have used in a run that counts."""
    good = [run for run in runs if run.foreign <= others]
    places = [_place(name, good, runs, reference) for name in dict.fromkeys(run.tuner for run in good)]
    return sorted(places, key=lambda place: -place.q)


def _place(name: str, good: Sequence[LiveRun], every: Sequence[LiveRun], reference: str) -> Place:
    own = [run for run in good if run.tuner == name]
    against = difference(good, name, reference)
    untuned = [run.throughput for run in good if run.tuner == "one worker a stage"]

    def mean(figure: str) -> float:
        return float(np.mean([getattr(run, figure) for run in own]))

    return Place(
        name,
        len(own),
        sum(run.tuner == name for run in every) - len(own),
        mean("mean"),
        against.mean,
        against.low,
        against.high,
        against.n,
        mean("before_resize"),
        mean("at_end"),
        mean("after_resize"),
        mean("throughput"),
        mean("throughput") / float(np.mean(untuned)) if untuned else float("nan"),
        mean("stall"),
        mean("switches"),
        mean("decision_ms"),
        mean("over_budget"),
    )


def difference(runs: Sequence[LiveRun], name: str, reference: str) -> Interval:
    """In mean q of the repeats that both have."""
    one, other = ({run.repeat: run.mean for run in runs if run.tuner == n} for n in (name, reference))
    both = sorted(one.keys() & other.keys())
    if not both:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    return paired_bootstrap(np.array([one[r] for r in both]), np.array([other[r] for r in both]), seed=0)
