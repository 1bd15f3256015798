"""What every tuner answers to."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Explains(Protocol):
    """A tuner that says who decided last, and on what throughput they counted, of the first pipeline."""

    def explain(self) -> tuple[str, float]: ...


def explained(controller: Controller) -> tuple[str, float]:
    """By any tuner; nan where it counts on nothing."""
    return controller.explain() if isinstance(controller, Explains) else (controller.name, float("nan"))
