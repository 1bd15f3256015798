"""The source: events of many users, each user's in time order, as one block of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

EVENT_COLUMNS = ("user_id", "movie_id", "rating", "timestamp")


@dataclass(frozen=True)
class Sequences:
    """Row r owns positions `indptr[r]:indptr[r + 1]` of the other columns."""

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    """Index of a movie, from 0."""
    ratings: NDArray[np.float32]
    times: NDArray[np.int64]
    """Seconds since 1970 UTC."""

    @classmethod
    def empty(cls) -> Self:
        return cls(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.indptr)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of every position."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def take(self, rows: NDArray[np.int64]) -> Sequences:
        """These rows, in this order."""
        return self.slices(rows, np.zeros(len(rows), np.int64), self.lengths[rows])

    def slices(self, rows: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]) -> Sequences:
        """Of each of `rows` (n,) its events `start:stop`, counted from its first."""
        lengths = stop - start
        indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        positions = np.arange(indptr[-1]) + np.repeat(self.indptr[rows] + start - indptr[:-1], lengths)
        return self.at(positions, indptr)

    def at(self, positions: NDArray[np.int64], indptr: NDArray[np.int64]) -> Sequences:
        """The events at `positions` as rows that begin and end at `indptr`."""
        return Sequences(indptr, self.items[positions], self.ratings[positions], self.times[positions])


def concatenated(blocks: Sequence[Sequences]) -> Sequences:
    """All rows of all blocks, in order."""
    if not blocks:
        return Sequences.empty()
    columns = (np.concatenate([getattr(b, c) for b in blocks]) for c in ("items", "ratings", "times"))
    lengths = np.concatenate([b.lengths for b in blocks])
    return Sequences(np.concatenate(([0], np.cumsum(lengths))).astype(np.int64), *columns)


def chunked(order: NDArray[np.int64], size: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Row numbers `order` in chunks of `size`, numbered from 0: the unit of work of one worker."""
    for number, start in enumerate(range(0, len(order), size)):
        yield number, order[start : start + size]
