"""The rule of models too slow for every rating: they are fitted on whole histories of a random sample of users."""

from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.data import Histories


def sample_users(histories: Histories, *, max_ratings: int, seed: int) -> Histories:
    """All `histories` where they hold at most `max_ratings`; else those of random users up to it, the others' empty.

    At least one user is kept, whole.
    """
    if len(histories.movies) <= max_ratings:
        return histories
    order = np.random.default_rng(seed).permutation(np.flatnonzero(histories.lengths))
    kept = max(1, int(np.searchsorted(np.cumsum(histories.lengths[order]), max_ratings, side="right")))
    rows = np.full(len(histories), -1, dtype=np.int64)
    rows[order[:kept]] = order[:kept]
    return histories.take(rows)
