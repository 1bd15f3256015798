"""Sequences of mixed lengths, some empty, some with ties."""

from __future__ import annotations

import numpy as np

from recsys_assets.loading.sequences import Sequences


def sequences_of_lengths(lengths: list[int], *, seed: int = 0, distinct_times: bool = False) -> Sequences:
    """Items number all events from 0, so that each event can be told from any other."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    times = np.concatenate([np.zeros(0), *(np.sort(rng.integers(0, max(1, k // 2), k)) for k in lengths)])
    return Sequences(
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.arange(n, dtype=np.int32),
        (rng.integers(1, 11, n) / 2).astype(np.float32),
        np.arange(n) if distinct_times else times.astype(np.int64),
    )
