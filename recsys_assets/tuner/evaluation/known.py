"""The bound: no tuner, but who knows each pipeline and its best allocation before and after the re-size.

It is under the same rules: from one worker a stage on, the first interval is read before anything is decided, moving
workers costs, and that the machine has changed is seen one interval late.
"""

from __future__ import annotations

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.simulator.optimum import optimum
from recsys_assets.tuner.simulator.running import Scenario

BOUND = "knows the pipeline (bound)"


class Known:
    """Of the pipelines of one scenario, in their order."""

    name = BOUND

    def __init__(self, scenario: Scenario) -> None:
        self.cores = scenario.before.cores
        self.before, self.after = optimum(scenario.before).allocation, optimum(scenario.after).allocation

    def begin(self, n: int) -> None:
        pass

    def decide(self, readings: Readings) -> Allocation:
        return self.before.where(readings.cores == self.cores, self.after)
