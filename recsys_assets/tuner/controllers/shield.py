"""The memory shield: no allocation goes out that the estimate says will not fit. The same for every tuner."""

from __future__ import annotations

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.base import Controller, explained
from recsys_assets.tuner.controllers.memory import MemoryEstimate
from recsys_assets.tuner.controllers.within import within_memory
from recsys_assets.tuner.readings import Readings


class Shielded:
    """A tuner whose wishes are cut to what fits."""

    def __init__(self, inner: Controller) -> None:
        self.inner, self.name = inner, inner.name

    def begin(self, n: int) -> None:
        self.inner.begin(n)
        self.memory = MemoryEstimate(n)

    def decide(self, readings: Readings) -> Allocation:
        self.memory.learn(readings)
        return within_memory(self.inner.decide(readings), self.memory)

    def explain(self) -> tuple[str, float]:
        """As the tuner within says; it counted on its wish, before that was cut."""
        return explained(self.inner)
