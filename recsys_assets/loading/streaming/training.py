"""A model's training pipeline on the streaming engine: workers of each stage, resized while it trains.

From memory its batches are byte for byte those of the plain pipeline (`loading.pipeline`): same chunks, same streams of
random numbers, same order; so a model comes out the same whatever the workers. From a snapshot, on disk or in an
emulated object store, users of a chunk are neighbours, as row groups are; there, too, batches are the same for all.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import PipelineConfig
from recsys_assets.loading.sequences import Sequences, chunked
from recsys_assets.loading.streaming.engine import MOST_PREFETCH, Knobs, SpdlEngine
from recsys_assets.loading.streaming.read_ahead import ReadAhead
from recsys_assets.loading.streaming.snapshot import write_snapshot
from recsys_assets.loading.streaming.stages import Decoded, Mixing, Plan
from recsys_assets.loading.streaming.storage import LocalDisk, ObjectStore, Storage


@dataclass(frozen=True)
class Chunk:
    """Users that a worker takes at once."""

    rows: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes


@dataclass(frozen=True, kw_only=True)
class MemoryPlan(Mixing):
    """Chunks of users out of columns in memory, as the plain pipeline cuts them."""

    sequences: Sequences
    chunk_users: int

    def order(self, epoch: int) -> Iterable[Chunk]:
        order = np.random.default_rng([self.seed, epoch, 0]).permutation(len(self.sequences)).astype(np.int64)
        return (Chunk(rows) for _, rows in chunked(order, self.chunk_users))

    def fetch(self, place: int, chunk: Chunk) -> Decoded:
        return Decoded(place, self.sequences.take(chunk.rows))

    def decode(self, fetched: Decoded) -> Decoded:
        return fetched


class StreamedPipeline:
    """Epochs of batches of one data set, by an engine that may be resized meanwhile."""

    def __init__(
        self, sequences: Sequences, window: int, negatives: Negatives, config: PipelineConfig, seed: int
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="training-")) if config.source == "snapshot" else None
        if self._folder is not None:
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        knobs = Knobs.lean(config.stages, min(MOST_PREFETCH, max(1, config.prefetch)))
        if config.in_flight:
            knobs = replace(knobs, in_flight=config.in_flight)
        self._ahead: ReadAhead | None = None
        self._ahead_groups = config.read_ahead
        self.engine = SpdlEngine(self._plan(sequences, window, negatives, config, seed), knobs)

    def epoch(self, number: int) -> Iterator[Batch]:
        """All batches of an epoch. Close it to stop early."""
        if self._ahead is not None:
            plan = cast(Plan, self.engine.plan)
            following = list(plan.order(number + 1))[: self._ahead_groups]
            self._ahead.expect(plan.snapshot.path, len(plan.snapshot.groups), following)
        return self.engine.batches(iter([number]))

    def _plan(
        self, sequences: Sequences, window: int, negatives: Negatives, config: PipelineConfig, seed: int
    ) -> MemoryPlan | Plan:
        mixing = Mixing(
            window=window,
            negatives=negatives,
            batch_size=config.batch_size,
            shuffle_buffer=config.shuffle_buffer,
            by_length=config.by_length,
            seed=seed,
        )
        if self._folder is None:
            return MemoryPlan(sequences=sequences, chunk_users=config.chunk_users, **vars(mixing))
        path = self._folder / "training.parquet"
        snapshot = write_snapshot(sequences, path, users_per_group=config.chunk_users)
        storage: Storage = ObjectStore(latency=config.store_latency) if config.store_latency else LocalDisk()
        if config.read_ahead:
            self._ahead = storage = ReadAhead(storage)
            weakref.finalize(self, self._ahead.close)
        if config.arrow_threads > 1:
            pa.set_cpu_count(max(config.arrow_threads, pa.cpu_count()))  # the pool is the whole process's
        return Plan(snapshot=snapshot, storage=storage, arrow_threads=config.arrow_threads, **vars(mixing))
