"""The shuffle buffer: examples of neighbouring chunks are mixed, without holding an epoch in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.loading.sequences import Sequences, concatenated


@dataclass(frozen=True)
class Examples:
    """Windows and, for each, its negatives (n_windows, k) int32; k is 0 where all movies are contrasted."""

    windows: Sequences
    negatives: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, rows: NDArray[np.int64]) -> Examples:
        return Examples(self.windows.take(rows), self.negatives[rows])


def joined(blocks: list[Examples]) -> Examples:
    """All examples of at least one block."""
    return Examples(concatenated([b.windows for b in blocks]), np.concatenate([b.negatives for b in blocks]))


class ShuffleBuffer:
    """Holds up to `size` examples. Whenever so many are held, a random half of them goes on; at the end, the rest."""

    def __init__(self, *, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.held: list[Examples] = []

    def add(self, block: Examples) -> Iterator[Examples]:
        """What goes on now that `block` is here: nothing or one block."""
        self.held.append(block)
        if sum(map(len, self.held)) >= self.size:
            mixed = joined(self.held)
            order = self.rng.permutation(len(mixed))
            half = (len(order) + 1) // 2
            self.held = [mixed.take(order[half:])]
            yield mixed.take(order[:half])

    def rest(self) -> Iterator[Examples]:
        """All that is still held."""
        if any(map(len, self.held)):
            mixed = joined(self.held)
            self.held = []
            yield mixed.take(self.rng.permutation(len(mixed)))


def shuffled(blocks: Iterable[Examples], *, size: int, rng: np.random.Generator) -> Iterator[Examples]:
    """Every example once, mixed by a buffer of `size`."""
    buffer = ShuffleBuffer(size=size, rng=rng)
    for block in blocks:
        yield from buffer.add(block)
    yield from buffer.rest()
