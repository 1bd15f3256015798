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


def shuffled(blocks: Iterable[Examples], *, size: int, rng: np.random.Generator) -> Iterator[Examples]:
    """Every example once. Whenever `size` are held, a random half of them goes on; at the end, the rest."""
    held: list[Examples] = []
    for block in blocks:
        held.append(block)
        if sum(map(len, held)) >= size:
            mixed = joined(held)
            order = rng.permutation(len(mixed))
            half = (len(order) + 1) // 2
            held = [mixed.take(order[half:])]
            yield mixed.take(order[:half])
    if any(map(len, held)):
        mixed = joined(held)
        yield mixed.take(rng.permutation(len(mixed)))
