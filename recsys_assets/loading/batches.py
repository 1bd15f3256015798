"""Batches: examples of mixed lengths, padded at their end to the longest of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.shuffle import Examples, joined

PADDING = -1
"""Item and target where a row has no event."""


@dataclass(frozen=True)
class Batch:
    """What a step of training reads. `l` is the longest window's number of targets."""

    items: NDArray[np.int32]
    """(b, l) movies read, then `PADDING`."""
    ratings: NDArray[np.float32]
    """(b, l), 0 at padding."""
    times: NDArray[np.int64]
    """(b, l) seconds; the last time again at padding."""
    targets: NDArray[np.int32]
    """(b, l) the movie after each one read."""
    negatives: NDArray[np.int32]
    """(b, k)"""

    @property
    def n_targets(self) -> int:
        return int((self.targets != PADDING).sum())


def padded(sequences: Sequences, width: int) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Items, ratings, times (n, width) of rows of at most `width` events, none of them empty."""
    column = np.arange(width)
    inside = column < sequences.lengths[:, None]
    positions = sequences.indptr[:-1, None] + np.minimum(column, sequences.lengths[:, None] - 1)
    items = np.where(inside, sequences.items[positions], np.int32(PADDING))
    ratings = np.where(inside, sequences.ratings[positions], np.float32(0))
    return items, ratings, sequences.times[positions]


def collate(examples: Examples) -> Batch:
    """One batch of all these examples."""
    items, ratings, times = padded(examples.windows, int(examples.windows.lengths.max()))
    read = np.where(items[:, 1:] != PADDING, items[:, :-1], np.int32(PADDING))
    return Batch(read, np.where(read != PADDING, ratings[:, :-1], 0), times[:, :-1], items[:, 1:], examples.negatives)


class Grouper:
    """Groups of `size` examples; what is left of one block goes to the next, only the last group may be smaller.

    `by_length`: of each block, examples of similar length share a group, so that little is padded; the order of the
    groups stays random.
    """

    def __init__(self, *, size: int, by_length: bool, rng: np.random.Generator) -> None:
        self.size, self.by_length, self.rng = size, by_length, rng
        self.left: list[Examples] = []

    def add(self, block: Examples) -> Iterator[Examples]:
        """The groups that are full now that `block` is here."""
        pool = joined([*self.left, block])
        full = len(pool) - len(pool) % self.size
        self.left = [pool.take(np.arange(full, len(pool)))]
        yield from self._grouped(pool.take(np.arange(full)))

    def rest(self) -> Iterator[Examples]:
        """The last group, if anything is left."""
        yield from (rest for rest in self.left if len(rest))
        self.left = []

    def _grouped(self, pool: Examples) -> Iterator[Examples]:
        order = np.argsort(pool.windows.lengths, kind="stable") if self.by_length else np.arange(len(pool))
        groups = order.reshape(-1, self.size)
        for group in self.rng.permutation(groups) if self.by_length else groups:
            yield pool.take(group)


def batched(blocks: Iterable[Examples], *, size: int, by_length: bool, rng: np.random.Generator) -> Iterator[Examples]:
    """All groups of all blocks."""
    grouper = Grouper(size=size, by_length=by_length, rng=rng)
    for block in blocks:
        yield from grouper.add(block)
    yield from grouper.rest()
