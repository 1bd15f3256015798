"""Negative sampling: movies that a window is contrasted with, where there are too many to contrast it with all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Negatives:
    """`per_window` movies of `n_items` for each window, each equally likely, with replacement.

    A negative may be a target of its window: with many movies it seldom is, and the loss masks it there.
    """

    per_window: int
    n_items: int

    def draw(self, n_windows: int, rng: np.random.Generator) -> NDArray[np.int32]:
        """(n_windows, per_window) indices of movies."""
        return rng.integers(0, self.n_items, (n_windows, self.per_window), dtype=np.int32)
