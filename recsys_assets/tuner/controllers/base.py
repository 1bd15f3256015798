"""What every tuner answers to."""

from __future__ import annotations

from typing import Protocol

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.readings import Readings


class Controller(Protocol):
    """Decides, after each interval, on the allocation of the next. Columns: many pipelines at once."""

    @property
    def name(self) -> str: ...

    def begin(self, n: int) -> None:
        """`n` pipelines start, at one worker a stage; whatever was known of others is forgotten."""

    def decide(self, readings: Readings) -> Allocation:
        """For all pipelines of `readings`; what is wanted of one that is down is not asked for."""
