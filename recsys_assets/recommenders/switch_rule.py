"""Which model answers a user of a given history, as a table that is measured and can be read.

Histories are put into buckets by their number of ratings. Of each user of the inner validation who has enough of
them, the last n ratings are shown to every part, n drawn from the bucket, and NDCG@10 on what the user rated next is
taken. In the open last bucket users keep their whole histories. The strongest part is the best in the longest bucket
measured; another one answers a bucket only where it is ahead by more than one standard error of the paired
differences, so that chance alone seldom changes who answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.data import Histories, IntArray
from recsys_assets.recommenders.results import Route


@dataclass(frozen=True)
class Bucket:
    """Histories of `first` to `last` ratings; `last` is None where there is no end."""

    first: int
    last: int | None

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first} or more"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True)
class Rule:
    """Who answers which history, and how each part did there."""

    parts: tuple[str, ...]
    edges: tuple[int, ...]
    """Upper ends of the buckets but the last."""
    ndcg: NDArray[np.float64]
    """(n_buckets, n_parts) mean NDCG@10; 0 in buckets that nobody of the validation could fill."""
    users: IntArray
    """(n_buckets,) users measured."""
    chosen: IntArray
    """(n_buckets,) index of the part that answers."""

    @property
    def buckets(self) -> list[Bucket]:
        return buckets_of(self.edges)

    @property
    def answering(self) -> tuple[str, ...]:
        """The parts that answer anyone, in the order of the config."""
        return tuple(part for place, part in enumerate(self.parts) if place in self.chosen)

    def bucket_of(self, lengths: IntArray) -> IntArray:
        """Index of the bucket of histories of one rating or more."""
        return np.searchsorted(np.array(self.edges), lengths)

    def route(self, n_ratings: int) -> Route:
        """Who answers a history of `n_ratings`, at least one, and why."""
        place = int(self.bucket_of(np.array([n_ratings]))[0])
        part = self.parts[self.chosen[place]]
        known = f"{n_ratings} rating{'s are' if n_ratings > 1 else ' is'} known"
        if not self.users[place]:
            return Route(part, f"{known}; histories of {self.buckets[place]} could not be measured")
        told = f"{known}; with {self.buckets[place]}, {part} reaches NDCG@10 {self.ndcg[place, self.chosen[place]]:.3f}"
        others = [(value, name) for value, name in zip(self.ndcg[place], self.parts, strict=True) if name != part]
        return Route(part, told + "".join(f", {name} {value:.3f}" for value, name in sorted(others, reverse=True)[:1]))

    def table(self) -> pl.DataFrame:
        """A row a bucket: the ratings known, who answers, the users measured, and NDCG@10 of every part."""
        figures = {f"ndcg_{part}": self.ndcg[:, place] for place, part in enumerate(self.parts)}
        return pl.DataFrame(
            {
                "ratings_known": [str(bucket) for bucket in self.buckets],
                "answers": [self.parts[place] for place in self.chosen],
                "users": self.users,
            }
            | figures
        ).with_columns(pl.when(pl.col("users") > 0).then(pl.col(figure)).alias(figure) for figure in figures)


def buckets_of(edges: Sequence[int]) -> list[Bucket]:
    """`(5, 10)` is 1-5, 6-10, 11 or more."""
    bounded = [Bucket(before + 1, edge) for before, edge in pairwise((0, *edges))]
    return [*bounded, Bucket(edges[-1] + 1 if edges else 1, None)]


def choose(parts: tuple[str, ...], edges: tuple[int, ...], gains: Sequence[NDArray[np.float64]]) -> Rule:
    """The rule for `gains`: per bucket NDCG@10 (n_users, n_parts), where each user is measured with every part."""
    measured = [place for place, found in enumerate(gains) if len(found)]
    strongest = int(np.argmax(gains[measured[-1]].mean(axis=0))) if measured else 0
    chosen = np.full(len(gains), strongest)
    for place in measured:
        chosen[place] = _answering(gains[place], strongest)
    for place in sorted(set(range(len(gains))) - set(measured)):
        nearest = [near for near in measured if near < place] or measured[:1]
        chosen[place] = chosen[nearest[-1]] if nearest else strongest
    ndcg = [found.mean(axis=0) if len(found) else np.zeros(len(parts)) for found in gains]
    return Rule(parts, edges, np.array(ndcg), np.array([len(found) for found in gains]), chosen)


def shortened(histories: Histories, lengths: IntArray) -> Histories:
    """The last `lengths` (n,) ratings of each history, all where it has no more."""
    rows = histories.rows
    kept = np.arange(len(rows)) >= (histories.indptr[1:] - lengths)[rows]
    indptr = np.concatenate(([0], np.cumsum(np.minimum(lengths, histories.lengths)))).astype(np.int64)
    return Histories(indptr, histories.movies[kept], histories.ratings[kept], histories.timestamps[kept])


def _answering(gains: NDArray[np.float64], strongest: int) -> int:
    best = int(np.argmax(gains.mean(axis=0)))
    ahead = gains[:, best] - gains[:, strongest]
    error = float(ahead.std(ddof=1)) / np.sqrt(len(ahead)) if len(ahead) > 1 else np.inf
    return best if float(ahead.mean()) > error else strongest
