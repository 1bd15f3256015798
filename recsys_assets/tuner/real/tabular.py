"""All tuners on replays of measured grids: figures of the real pipeline, the same for all, as many seeds as wanted.

What it leaves out is what only a running pipeline has: how long a change takes to show, and what bursts do to readings.
So it is for those whom a live contest would keep waiting for hours, searches above all; the best meet live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.contest import AFTER, DECISIONS, RESIZED
from recsys_assets.tuner.real.entrants import REFERENCE
from recsys_assets.tuner.real.grid import Grid
from recsys_assets.tuner.real.replay import replayed


@dataclass(frozen=True)
class Replays:
    """One tuner: `quality` (seeds, decisions) q of each interval."""

    tuner: str
    quality: FloatArray
    resized: int

    @property
    def q(self) -> float:
        return float(self.quality.mean())

    @property
    def before_resize(self) -> float:
        return float(self.quality[:, : self.resized].mean())

    @property
    def after_resize(self) -> float:
        """Of the first five intervals after it."""
        return float(self.quality[:, self.resized : self.resized + AFTER].mean())

    @property
    def at_end(self) -> float:
        """Of the last five intervals before it."""
        return float(self.quality[:, max(0, self.resized - AFTER) : self.resized].mean())

    def against(self, other: Replays) -> Interval:
        """Difference in mean q, paired by seed."""
        return paired_bootstrap(self.quality.mean(axis=1), other.quality.mean(axis=1), seed=0)

    def row(self, other: Replays | None) -> dict[str, Any]:
        """As reports have it; differences against `other`."""
        against = Interval(float("nan"), float("nan"), float("nan"), 0) if other is None else self.against(other)
        figures = {name: float(getattr(self, name)) for name in ("q", "before_resize", "after_resize", "at_end")}
        return {"tuner": self.tuner, "difference": against.mean, "low": against.low, "high": against.high, **figures}


def replay_all(
    makers: Mapping[str, Callable[[], Controller]],
    grids: Sequence[Grid],
    *,
    seeds: int,
    decisions: int = DECISIONS,
    resized: int = RESIZED,
    progress: Progress = silent,
) -> list[Replays]:
    """The best first."""
    found = []
    for name, make in makers.items():
        runs = [replayed(make(), grids, seed=seed, steps=decisions, resized=resized) for seed in range(seeds)]
        found.append(Replays(name, np.array(runs), resized))
        progress(f"{name}: q {found[-1].q:.3f}")
    return sorted(found, key=lambda replays: -replays.q)


def rows(found: Sequence[Replays]) -> list[dict[str, Any]]:
    """A row a tuner, each against the reference."""
    reference = next((replays for replays in found if replays.tuner == REFERENCE), None)
    return [replays.row(reference) for replays in found]
