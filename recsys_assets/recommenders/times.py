"""When users rated."""

from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.data import Histories, IntArray


def last_times(histories: Histories) -> IntArray:
    """Seconds since 1970 of each user's last rating (b,); 0 where there is none."""
    if len(histories.timestamps) == 0:
        return np.zeros(len(histories), dtype=np.int64)
    last = np.maximum(histories.indptr[1:] - 1, 0)
    return np.where(histories.lengths > 0, histories.timestamps[last], 0)
