"""How a training was fed, and how the default and the tuned pipeline feed a trainer of the same pace, in turns.

    default, tuned, tuned, default: drift of the machine hits both alike

That a tuned pipeline changes no model is shown, not believed: the batches of both are compared byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.fed import Fed, fed_by
from recsys_assets.loading.pipeline import Epochs, PipelineConfig

MOST_COMPARED = 500
"""Batches of the first epoch."""
TURN_SECONDS = 1.5
SPEED = ("engine", "stages", "prefetch", "workers", "in_flight", "read_ahead", "arrow_threads")
"""What a tuner may set of a pipeline unasked: none of it changes a batch."""


@dataclass(frozen=True)
class Feeding:
    """Of one training."""

    config: PipelineConfig
    training: Fed
    """The training itself, with `config`."""
    default: Fed | None
    """The default; None where `config` is the default, and training itself has shown it."""
    tuned: Fed | None
    compared: int
    """Batches that both made."""
    same: bool
    """Whether they were equal in every byte."""

    @property
    def is_default(self) -> bool:
        return self.default is None

    @property
    def equality(self) -> str:
        """Why quality is the same with both."""
        if self.is_default:
            return "trained with the default configuration"
        if not self.same:
            return f"batches of the default and the tuned configuration DIFFER within the first {self.compared}"
        return f"the same model with either configuration: its first {self.compared:,} batches are equal byte for byte"


def default_of(config: PipelineConfig) -> PipelineConfig:
    """The same data by the default workers: in memory the plain pipeline, from storage one worker a stage."""
    plain = PipelineConfig()
    engine = plain.engine if config.source == "memory" else "streaming"
    speed = {name: getattr(plain, name) for name in SPEED} | {"engine": engine}
    return config.model_copy(update=speed)


def feeding_of(training: Fed, config: PipelineConfig, made: Callable[[PipelineConfig], Epochs]) -> Feeding:
    """`made`: the pipeline of a config, over what was trained on. Some seconds, where `config` is not the default."""
    default = default_of(config)
    if config == default:
        return Feeding(config, training, None, None, 0, True)
    one, other = made(default), made(config)
    compared, same = compared_batches(one, other)
    plain, tuned = Fed(), Fed()
    for fed, pipeline in ((plain, one), (tuned, other), (tuned, other), (plain, one)):
        fed_by(pipeline, pace=training.pace, most_seconds=TURN_SECONDS, fed=fed)
    return Feeding(config, training, plain, tuned, compared, same)


def compared_batches(one: Epochs, other: Epochs) -> tuple[int, bool]:
    """How many batches of the first epoch were compared, and whether all were equal, the last one included."""
    with closing(cast(Any, one.epoch(0))) as left, closing(cast(Any, other.epoch(0))) as right:
        first, second = ([_digest(b) for b in islice(side, MOST_COMPARED)] for side in (left, right))
    return min(len(first), len(second)), first == second


def _digest(batch: Batch) -> bytes:
    whole = hashlib.sha256()
    for column in (batch.items, batch.ratings, batch.times, batch.targets, batch.negatives):
        whole.update(repr((column.shape, column.dtype.str)).encode())
        whole.update(column.tobytes())
    return whole.digest()


def feeding_markdown(feeding: Feeding) -> str:
    """Default and tuned beside each other."""
    c = feeding.config
    used = (
        "the default pipeline" if feeding.is_default else f"workers {'/'.join(map(str, c.stages))}, {c.prefetch} ready"
    )
    rows = [_row(f"this training ({used})", feeding.training)]
    for name, fed in (("default", feeding.default), ("tuned", feeding.tuned)):
        if fed is not None:
            rows.append(_row(f"{name}, trainer asleep for as long", fed))
    head = ["| fed by | batches/s | data stall | batch wait p50 / p95 / p99 ms |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Quality: {feeding.equality}."])


def _row(name: str, fed: Fed) -> str:
    waits = " / ".join(f"{1e3 * fed.wait(q):.1f}" for q in (0.5, 0.95, 0.99))
    return f"| {name} | {fed.throughput:,.1f} | {fed.stall:.1%} | {waits} |"
