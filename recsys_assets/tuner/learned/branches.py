"""Short rollouts off a state that is: many imagined pipelines go on from where the real one is, a decision a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.tuner.allocation import IntArray
from recsys_assets.tuner.learned.leashed import Layers, log_chances, of_chosen
from recsys_assets.tuner.learned.stage_view import StageView
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.simulator.running import RunningPipelines


@dataclass(frozen=True)
class Played:
    """(horizon, n, ...), and what the decisions were made by."""

    seen: NDArray[np.float32]
    actions: IntArray
    chances: FloatArray
    """Logarithms of those with which the actions were taken."""
    rewards: FloatArray
    quality: FloatArray
    best: FloatArray
    """(n,) batches a second that q is a share of."""

    def returns(self, gamma: float) -> FloatArray:
        """(horizon, n) discounted sums of rewards to the end."""
        found = self.rewards.copy()
        for t in range(len(found) - 2, -1, -1):
            found[t] += gamma * found[t + 1]
        return found

    def value(self, gamma: float) -> float:
        """Discounted sum of all rewards to come, were they to go on as here."""
        return float(self.returns(gamma)[0].mean() / (1 - gamma ** len(self.rewards)))


@dataclass(frozen=True)
class Branch:
    """Imagined pipelines at the state that is now, each with a view that remembers what the real one's does. They are
    played once."""

    running: RunningPipelines
    view: StageView
    seen: NDArray[np.float32]

    def play(self, layers: Layers, horizon: int, *, rng: np.random.Generator | None = None) -> Played:
        """The actions rated best, or, with `rng`, any by their chances."""
        seen, choices = self.seen, len(self.view.steps)
        kept: list[tuple[np.ndarray, ...]] = []
        for _ in range(horizon):
            log = log_chances(layers, seen, choices)
            actions = (log if rng is None else log + rng.gumbel(size=log.shape)).argmax(axis=2)
            readings, quality, died = self.running.step(self.view.allocation(actions, self.running.readings))
            kept.append((seen, actions, of_chosen(log, actions), self.view.reward(quality, readings, died), quality))
            seen = self.view.see(readings)
        all_seen, taken, chances, rewards, shares = (np.stack(column) for column in zip(*kept, strict=True))
        return Played(all_seen, taken, chances, rewards, shares, self.running.best)
