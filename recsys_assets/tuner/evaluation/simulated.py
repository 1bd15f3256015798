"""Tuners in the same simulated pipelines, with the same noise: share of the optimum over the whole run.

q of an interval is throughput / the best there is then; exploration, switching, running out of memory and the time
after a re-size are all in its mean. The unit of chance is the pipeline; differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.simulator.running import STEPS, RunningPipelines, Scenario

if TYPE_CHECKING:
    from recsys_assets.evaluation.bootstrap import Interval

AFTER_RESIZE = 5


@dataclass(frozen=True)
class Run:
    """One tuner: `quality` (b, steps) q of each interval; `deaths` (b,) times that memory ran out."""

    name: str
    quality: FloatArray
    deaths: np.ndarray
    resized: np.ndarray
    decision_ms: float = float("nan")
    """CPU milliseconds of a decision for one pipeline; nan where nobody took the time."""

    @property
    def per_pipeline(self) -> FloatArray:
        """(b,) mean q."""
        return np.asarray(self.quality.mean(axis=1))

    @property
    def mean(self) -> Interval:
        from recsys_assets.evaluation.bootstrap import mean_interval

        return mean_interval(self.per_pipeline, seed=0)

    def at(self, step: int) -> float:
        """Mean q at a step, from 1."""
        return float(self.quality[:, step - 1].mean())

    @property
    def after_resize(self) -> float:
        """Mean q in the first five intervals after the cores changed."""
        places = self.resized[:, None] + np.arange(AFTER_RESIZE)
        return float(np.take_along_axis(self.quality, places, axis=1).mean())

    @property
    def at_end(self) -> float:
        """Mean q of the last five intervals."""
        return float(self.quality[:, -5:].mean())

    @property
    def reached(self) -> float:
        """Share of pipelines whose last ten intervals are within 5 % of the best on average."""
        return float((self.quality[:, -10:].mean(axis=1) >= 0.95).mean())

    @property
    def died(self) -> float:
        """Share of pipelines that ran out of memory at least once."""
        return float((self.deaths > 0).mean())

    def against(self, other: Run) -> Interval:
        """Mean difference in q, pipeline by pipeline."""
        from recsys_assets.evaluation.bootstrap import paired_bootstrap

        return paired_bootstrap(self.per_pipeline, other.per_pipeline, seed=0)


def play(controller: Controller, scenario: Scenario, *, seed: int, steps: int = STEPS) -> Run:
    """All pipelines of a scenario from one worker a stage on; the first interval is read before anything is decided."""
    running = RunningPipelines(scenario, seed=seed)
    controller.begin(len(scenario))
    quality, deaths = np.zeros((len(scenario), steps)), np.zeros(len(scenario), dtype=np.int64)
    wanted = running.allocation
    for step in range(steps):
        readings, quality[:, step], died = running.step(wanted)
        deaths += died
        wanted = controller.decide(readings)
    return Run(controller.name, quality, deaths, scenario.resized)
