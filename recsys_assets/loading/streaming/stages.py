"""The work of each stage, one function each: no threads, no state but what the plan says, random only by its seed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from recsys_assets.loading.batches import Batch, Grouper, collate
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.shuffle import Examples, ShuffleBuffer
from recsys_assets.loading.streaming.snapshot import RowGroup, Snapshot
from recsys_assets.loading.streaming.storage import Storage
from recsys_assets.loading.windows import cut, with_ties_shuffled

STAGES = ("fetch", "decode", "sample", "batch")


@dataclass(frozen=True)
class Fetched:
    """The bytes of row group `number`, the `place`-th of the epoch."""

    place: int
    number: int
    data: bytes

    @property
    def nbytes(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class Decoded:
    place: int
    sequences: Sequences

    @property
    def nbytes(self) -> int:
        s = self.sequences
        return int(s.indptr.nbytes + s.items.nbytes + s.ratings.nbytes + s.times.nbytes)


class AnyPlan(Protocol):
    """What the engine runs. Things that go from stage to stage say their `nbytes`."""

    @property
    def batch_size(self) -> int: ...

    def order(self, epoch: int) -> Iterable[Any]:
        """What `fetch` gets, one after the other."""

    def fetch(self, place: int, what: Any, /) -> Any: ...

    def decode(self, fetched: Any, /) -> Any: ...

    def sample(self, epoch: int, decoded: Any, /) -> Examples: ...

    def mixer(self, epoch: int) -> Mixer: ...


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """How what was decoded is made into batches, wherever it comes from."""

    window: int
    """Most targets of a window."""
    negatives: Negatives
    batch_size: int
    shuffle_buffer: int
    by_length: bool
    seed: int

    def sample(self, epoch: int, decoded: Decoded) -> Examples:
        """Windows and their negatives; the stream of random numbers is this piece's own."""
        rng = np.random.default_rng([self.seed, epoch, 2, decoded.place])
        windows = cut(with_ties_shuffled(decoded.sequences, rng), length=self.window, rng=rng)
        return Examples(windows, self.negatives.draw(len(windows), rng))

    def mixer(self, epoch: int) -> Mixer:
        rng = np.random.default_rng([self.seed, epoch, 1])
        return Mixer(
            ShuffleBuffer(size=self.shuffle_buffer, rng=rng),
            Grouper(size=self.batch_size, by_length=self.by_length, rng=rng),
        )


@dataclass(frozen=True, kw_only=True)
class Plan(Mixing):
    """What is read and how it is made into batches. Workers change none of it."""

    snapshot: Snapshot
    storage: Storage
    arrow_threads: int = 1

    def order(self, epoch: int) -> Iterable[RowGroup]:
        """Row groups as this epoch reads them."""
        places = np.random.default_rng([self.seed, epoch, 0]).permutation(len(self.snapshot.groups))
        return [self.snapshot.groups[i] for i in places]

    def fetch(self, place: int, group: RowGroup) -> Fetched:
        return Fetched(place, group.number, self.storage.read(self.snapshot.path, group.start, group.length))

    def decode(self, fetched: Fetched) -> Decoded:
        decoded = self.snapshot.decode(fetched.number, fetched.data, threads=self.arrow_threads)
        return Decoded(fetched.place, decoded)


@dataclass
class Mixer:
    """Blocks in, groups for one batch each out: in the order of the blocks, one after the other."""

    buffer: ShuffleBuffer
    grouper: Grouper

    def add(self, block: Examples) -> list[Examples]:
        return [group for mixed in self.buffer.add(block) for group in self.grouper.add(mixed)]

    def rest(self) -> list[Examples]:
        last = [group for mixed in self.buffer.rest() for group in self.grouper.add(mixed)]
        return [*last, *self.grouper.rest()]


def batch_of(group: Examples) -> Batch:
    """Padded columns."""
    return collate(group)


def bytes_of(batch: Batch) -> int:
    return sum(a.nbytes for a in (batch.items, batch.ratings, batch.times, batch.targets, batch.negatives))
