"""The pipeline: all stages in a row. What it yields depends on the seed and the epoch, never on the workers.

    chunks of users -> [workers: shuffle ties, cut windows, draw negatives] -> shuffle buffer -> batches -> prefetch

Every chunk has a random stream of its own, of (seed, epoch, chunk), and keeps its place in the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from recsys_assets.loading.batches import Batch, batched, collate
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.sequences import Sequences, chunked
from recsys_assets.loading.shuffle import Examples, shuffled
from recsys_assets.loading.threads import map_ordered, prefetched
from recsys_assets.loading.windows import cut, with_ties_shuffled

Stage = Annotated[int, Field(ge=1, le=16)]
"""Workers of one stage."""


class PipelineConfig(BaseModel, extra="forbid", frozen=True):
    """Workers and prefetching change the speed only; all others also what a step sees."""

    batch_size: PositiveInt = 16
    """Windows of a step."""
    workers: NonNegativeInt = 0
    """Threads that cut windows and draw negatives; 0: the one that asks."""
    prefetch: NonNegativeInt = 2
    """Batches made ahead while a step trains; 0: none, and no thread."""
    shuffle_buffer: PositiveInt = 8192
    """Windows held to be mixed."""
    chunk_users: PositiveInt = 512
    """Users a worker takes at once."""
    by_length: bool = True
    """Windows of similar length share a batch, so little is padded."""
    engine: Literal["threads", "streaming"] = "threads"
    """Who runs it: a few threads, or the streaming engine, whose `stages` a tuner resizes. Batches are the same."""
    stages: tuple[Stage, Stage, Stage, Stage] = (1, 1, 1, 1)
    """Workers of fetch, decode, sample and batch of the streaming engine."""
    source: Literal["memory", "snapshot"] = "memory"
    """Where the streaming engine reads: from memory, or from a parquet snapshot, row group by row group."""
    store_latency: NonNegativeFloat = 0.0
    """Seconds to the first byte of a row group: above 0 the snapshot is read as from an emulated object store."""
    in_flight: int = Field(default=0, ge=0, le=64)
    """Row groups between storage and shuffle buffer, at most; 0: as many as keep the workers busy."""
    read_ahead: int = Field(default=0, ge=0, le=64)
    """Row groups of the next epoch that are fetched from a snapshot before this one has ended."""
    arrow_threads: PositiveInt = 1
    """Threads of Arrow that decode a row group's columns."""
    torch_threads: NonNegativeInt = 0
    """Threads of torch while it trains on a CPU; 0: as torch has it. Sums are rounded in another order, so the last
    digits of a model depend on it."""
    follow: tuple[Literal["row_groups", "torch_threads", "batch_size"], ...] = ()
    """What else is taken from the tuner: `row_groups` is `chunk_users`. All of these change what a step sees or how it
    is rounded, and so the model; hence nothing is followed that is not named here."""


@dataclass(frozen=True)
class TrainingPipeline:
    """Epochs of batches of one data set."""

    sequences: Sequences
    window: int
    """Most targets of a window."""
    negatives: Negatives
    config: PipelineConfig
    seed: int

    def epoch(self, number: int) -> Iterator[Batch]:
        """All batches of an epoch: each event that has one before it is a target once. Close it to stop early."""
        order = np.random.default_rng([self.seed, number, 0]).permutation(len(self.sequences)).astype(np.int64)
        return prefetched(self._batches(number, order), depth=self.config.prefetch)

    def _batches(self, number: int, order: NDArray[np.int64]) -> Iterator[Batch]:
        rng = np.random.default_rng([self.seed, number, 1])
        chunks = chunked(order, self.config.chunk_users)
        blocks = map_ordered(partial(self._examples, number), chunks, workers=self.config.workers)
        mixed = shuffled(blocks, size=self.config.shuffle_buffer, rng=rng)
        groups = batched(mixed, size=self.config.batch_size, by_length=self.config.by_length, rng=rng)
        try:
            yield from map(collate, groups)
        finally:
            blocks.close()  # type: ignore[attr-defined]

    def _examples(self, epoch: int, chunk: tuple[int, NDArray[np.int64]]) -> Examples:
        number, rows = chunk
        rng = np.random.default_rng([self.seed, epoch, 2, number])
        windows = cut(with_ties_shuffled(self.sequences.take(rows), rng), length=self.window, rng=rng)
        return Examples(windows, self.negatives.draw(len(windows), rng))


class Epochs(Protocol):
    """What a trainer reads from."""

    def epoch(self, number: int) -> Iterator[Batch]:
        """All batches of an epoch; close it to stop early."""


def training_pipeline(
    sequences: Sequences, window: int, negatives: Negatives, config: PipelineConfig, seed: int
) -> Epochs:
    """The pipeline that `config` asks for."""
    if config.engine == "threads":
        return TrainingPipeline(sequences, window, negatives, config, seed)
    from recsys_assets.loading.streaming.training import StreamedPipeline

    return StreamedPipeline(sequences, window, negatives, config, seed)
