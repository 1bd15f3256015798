"""`what if 64 cores?`: the calibrated model asked about a machine that is not at hand.

It is an extrapolation and says so: how well the model foretold allocations it was not fitted on comes first, and where
it did not pass there is no figure at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from recsys_assets.tuner.allocation import STAGES, Allocation
from recsys_assets.tuner.real.calibration import calibrate
from recsys_assets.tuner.real.grid import Grid
from recsys_assets.tuner.real.validation import Validation, validate

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


@dataclass(frozen=True)
class Answer:
    """`throughput` and `untuned` in batches a second; None where the model did not pass."""

    validation: Validation
    cores: int
    memory: float
    allocation: Allocation | None = None
    throughput: float | None = None
    untuned: float | None = None
    limit: str | None = None
    usable: float | None = None
    """Cores that one process can use there, by the model."""

    @property
    def lines(self) -> tuple[str, ...]:
        head = f"Model of {self.validation.sentence}."
        if self.allocation is None or self.throughput is None or self.untuned is None:
            return (head, "No figure is given: the model does not foretell what was measured well enough.")
        workers = ", ".join(f"{s} {w}" for s, w in zip(STAGES, self.allocation.workers[0], strict=True))
        return (
            head,
            f"SIMULATED, {self.cores} cores (measured on {self.validation.cores}; one process can use "
            f"{self.usable:.1f} of them by the model), {self.memory / 1e9:g} GB:",
            f"  {workers}, {self.allocation.prefetch[0]} ready: {self.throughput:.0f} batches a second, "
            f"{self.throughput / self.untuned:.1f} x one worker a stage ({self.untuned:.0f}); limited by {self.limit}.",
        )


def ask(grid: Grid, *, cores: int, memory: float, trainer: float | None = None) -> Answer:
    """`memory` bytes in flight, `trainer` batches a second."""
    judged = validate(grid)
    if not judged.passed:
        return Answer(judged, cores, memory)
    model = calibrate(grid)
    model = model if trainer is None else replace(model, trainer=trainer)
    allocation, throughput = model.best(cores=cores, memory=memory)
    untuned = float(model.throughput(Allocation(np.ones((1, len(STAGES)), np.int64), np.array([2])), cores=cores)[0])
    limit = model.limit_of(allocation, cores=cores)
    return Answer(judged, cores, memory, allocation, throughput, untuned, limit, model.usable(cores))


def bytes_of(text: str) -> float:
    """`512MB`, `256GB`, `1.5GiB` as bytes."""
    found = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*", text)
    if found is None or found[2].upper() not in UNITS:
        raise ValueError(f"{text!r} is no amount of memory; write e.g. 512MB or 256GB")
    return float(found[1]) * UNITS[found[2].upper()]
