"""From histories to what is trained on, validated on and read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.loading.sequences import Sequences
from recsys_assets.recommenders.data import Histories, IntArray


@dataclass(frozen=True)
class Held:
    """Inner validation: of some users the last events, each to be found from all before it."""

    train: Sequences
    """All users, without what is held out."""
    histories: Sequences
    """(v) what comes before each event to be found."""
    targets: NDArray[np.int32]
    """(v,)"""
    rows: IntArray
    """(v,) the user of each."""


def sequences_of(histories: Histories) -> Sequences:
    return Sequences(histories.indptr, histories.movies, histories.ratings, histories.timestamps)


def histories_of_sequences(sequences: Sequences) -> Histories:
    """Inverse of `sequences_of`."""
    return Histories(sequences.indptr, sequences.items, sequences.ratings, sequences.times)


def sampled(sequences: Sequences, *, max_events: int, seed: int) -> Sequences:
    """All rows, or as many drawn at random as have `max_events` events together; at least one."""
    if len(sequences.items) <= max_events:
        return sequences
    order = np.random.default_rng([seed, 11]).permutation(len(sequences)).astype(np.int64)
    kept = order[np.cumsum(sequences.lengths[order]) <= max_events]
    return sequences.take(np.sort(kept if len(kept) else order[:1]))


def hold_out_last(sequences: Sequences, *, users: int, seed: int, events: int = 1) -> Held:
    """Hold out the last `events` of at most `users` users drawn from those who keep at least two."""
    n = sequences.lengths
    able = np.flatnonzero(n >= events + 2)
    rows = np.sort(np.random.default_rng([seed, 12]).permutation(able)[:users]).astype(np.int64)
    kept = n.copy()
    kept[rows] -= events
    everyone = np.arange(len(n), dtype=np.int64)
    targets = np.tile(rows, events)
    before = np.concatenate([n[rows] - events + e for e in range(events)]).astype(np.int64)
    return Held(
        sequences.slices(everyone, np.zeros_like(n), kept),
        sequences.slices(targets, np.zeros_like(targets), before),
        sequences.items[sequences.indptr[targets] + before],
        targets,
    )


def last(sequences: Sequences, length: int) -> Sequences:
    """The last `length` events of each row."""
    n = sequences.lengths
    return sequences.slices(np.arange(len(n), dtype=np.int64), np.maximum(n - length, 0), n)
