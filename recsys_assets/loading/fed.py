"""How well a trainer was fed: batches, and how long it waited for them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.pipeline import Epochs

KEPT_WAITS = 4096
"""Of the last batches; quantiles are of these."""


@dataclass
class Fed:
    """Kept up while batches are read through `watched`."""

    batches: int = 0
    seconds: float = 0.0
    """From the first question for a batch to the last answer."""
    waited: float = 0.0
    cpu: float = 0.0
    """CPU seconds of this process meanwhile."""
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_WAITS), repr=False)
    """Seconds for each of the last batches."""

    @property
    def stall(self) -> float:
        """Share of the time in which the trainer waited."""
        return self.waited / self.seconds if self.seconds else 0.0

    @property
    def throughput(self) -> float:
        """Batches a second."""
        return self.batches / self.seconds if self.seconds else 0.0

    @property
    def pace(self) -> float:
        """Seconds that the trainer took for a batch."""
        return (self.seconds - self.waited) / self.batches if self.batches else 0.0

    def wait(self, quantile: float) -> float:
        """Seconds that a batch was waited for; of `quantile` of them less."""
        return float(np.quantile(self.waits, quantile)) if self.waits else 0.0

    def watched(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """`batches`, and what waiting for each took. Closes them."""
        began, cpu = time.perf_counter(), time.process_time()
        before, cpu_before = self.seconds, self.cpu
        try:
            while True:
                asked = time.perf_counter()
                batch = next(batches, None)
                waited = time.perf_counter() - asked
                self.waited += waited
                self.seconds = before + time.perf_counter() - began
                self.cpu = cpu_before + time.process_time() - cpu
                if batch is None:
                    return
                self.batches += 1
                self.waits.append(waited)
                yield batch
        finally:
            batches.close()  # type: ignore[attr-defined]

    def __str__(self) -> str:
        return f"{self.throughput:,.0f} batches a second, data stall {self.stall:.1%}"


def fed_by(
    pipeline: Epochs, *, pace: float, most_batches: int = 200, most_seconds: float = 3.0, fed: Fed | None = None
) -> Fed:
    """A trainer that takes `pace` seconds a batch (asleep, as one on an accelerator), for part of an epoch.

    `fed`: what was counted before, to go on from.
    """
    fed = Fed() if fed is None else fed
    until, most_batches = time.perf_counter() + most_seconds, fed.batches + most_batches
    for _ in fed.watched(pipeline.epoch(0)):
        if fed.batches >= most_batches or time.perf_counter() > until:
            break
        time.sleep(pace)
    return fed
