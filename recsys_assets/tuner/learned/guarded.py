"""The learned tuner, watched: where it is off what it was trained on, or does worse than was foretold, feedback control
decides instead.

Off is what `LearnedTuner.off` says, figures beyond all that were seen in training; worse is a throughput that stays
below `FLOOR` of what the fitted model promised, or imagined pipelines did, `PATIENCE` intervals in a row. Who decided
is kept for the log.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.learned.online import OnlineTuner
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.readings import Readings

FLOOR, PATIENCE, REST = 0.5, 4, 10
"""Share of the promise, intervals below it before feedback control takes over, and intervals that it then has."""


class Guarded:
    """`fell_back` (b,): whether feedback control made the last decision."""

    def __init__(self, learned: LearnedTuner | OnlineTuner) -> None:
        self.learned, self.fallback = learned, Shielded(ProportionalControl())

    @property
    def name(self) -> str:
        return self.learned.name

    def begin(self, n: int) -> None:
        self.learned.begin(n)
        self.fallback.begin(n)
        self.below, self.resting = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.promised, self.fell_back = np.zeros(n), np.zeros(n, dtype=np.bool_)

    def decide(self, readings: Readings) -> Allocation:
        learned = self.learned.decide(readings)
        feedback = self.fallback.decide(readings)
        short = ~readings.down & (self.promised > 0) & (readings.throughput < FLOOR * self.promised)
        self.below = np.where(short, self.below + 1, 0)
        self.resting = np.where(self.below >= PATIENCE, REST, np.maximum(0, self.resting - 1))
        self.fell_back = self.learned.was_off | (self.resting > 0)
        self.promised = self.learned.promised
        return feedback.where(self.fell_back, learned)

    def explain(self) -> tuple[str, float]:
        """Who decided for the first pipeline, and the throughput that was promised."""
        return (self.fallback.name if self.fell_back[0] else self.name), float(self.promised[0])

    def learned_lately(self) -> str:
        """Of the first pipeline; empty where the tuner learns nothing while it runs."""
        return self.learned.told if isinstance(self.learned, OnlineTuner) else ""


def tuned_online(zero_shot: LearnedTuner, *, aside: bool = False) -> Guarded:
    """`zero_shot`, watched, and tuned to each pipeline while it runs."""
    return Guarded(OnlineTuner(zero_shot, aside=aside))
