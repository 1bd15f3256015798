"""Questions with a known answer to learn from: a history as it was, and what was rated next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from recsys_assets.recommenders.data import Histories, IntArray


@dataclass(frozen=True)
class NextEvents:
    """The last events of some users, each to be foretold from all that the same user rated before it."""

    train: Histories
    """All histories without the events."""
    before: Histories
    """(n,) rows: what came before each event, earlier events included; never empty."""
    users: IntArray
    """(n,) whose event it is."""
    movies: IntArray
    """(n,) what was rated."""

    @classmethod
    def of(cls, histories: Histories, *, per_user: int, most: int, seed: int) -> Self:
        """The last `per_user` events of each user, at most half of theirs; of as many users as give `most` events."""
        n = histories.lengths
        held = np.minimum(per_user, n // 2)
        drawn = np.random.default_rng(seed).permutation(len(n))
        held[drawn[np.cumsum(held[drawn]) > most]] = 0
        rows = histories.rows
        place = np.arange(len(rows)) - histories.indptr[rows]
        late = place >= (n - held)[rows]
        events = np.flatnonzero(late)
        return cls(
            _at(histories, ~late), _before(histories, events), rows[events], histories.movies[events].astype(np.int64)
        )

    def __len__(self) -> int:
        return len(self.movies)


def _at(histories: Histories, chosen: np.ndarray) -> Histories:
    indptr = np.concatenate(([0], np.cumsum(np.bincount(histories.rows[chosen], minlength=len(histories)))))
    return Histories(
        indptr.astype(np.int64),
        histories.movies[chosen],
        histories.ratings[chosen],
        histories.timestamps[chosen],
    )


def _before(histories: Histories, events: IntArray) -> Histories:
    """One row per position of `events`: the same user's positions before it."""
    first = histories.indptr[histories.rows[events]]
    lengths = events - first
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    positions = np.arange(indptr[-1]) + np.repeat(first - indptr[:-1], lengths)
    return Histories(indptr, histories.movies[positions], histories.ratings[positions], histories.timestamps[positions])
