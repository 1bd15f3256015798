"""Windows: long sequences cut into pieces that each event is once a target of.

A window of L targets has L + 1 events: the model reads all but the last and is asked for all but the first. Where the
cuts fall is drawn anew each epoch, and so is the order of events with equal times, which have none in the data.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.loading.sequences import Sequences


def cut(sequences: Sequences, *, length: int, rng: np.random.Generator) -> Sequences:
    """Windows of at most `length` targets; rows of fewer than two events give none."""
    n = sequences.lengths
    offset = np.where(n - 1 > length, rng.integers(0, length, len(n)), 0)
    windows = np.where(n >= 2, (n - 2 + offset) // length + 1, 0)
    rows = np.repeat(np.arange(len(n)), windows)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(windows) - windows, windows)
    start = np.maximum(place * length - offset[rows], 0)
    stop = np.minimum((place + 1) * length - offset[rows], n[rows] - 1) + 1
    return sequences.slices(rows, start, stop)


def with_ties_shuffled(sequences: Sequences, rng: np.random.Generator) -> Sequences:
    """Events of equal time in a random order, all others where they were."""
    order = np.lexsort((rng.random(len(sequences.items)), sequences.times, sequences.rows))
    return sequences.at(order, sequences.indptr)
