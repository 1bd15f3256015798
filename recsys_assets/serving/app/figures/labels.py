"""Which points of a scatter get their names written: no two so near that one would lie over the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEAR = (0.16, 0.06)
"""Of the width and height of what is drawn."""


def named(x: ArrayLike, y: ArrayLike, order: Sequence[int], *, logarithmic: bool = False) -> NDArray[np.bool_]:
    """(n,) True for each point that keeps its name, where those first in `order` choose first."""
    across = np.asarray(x, dtype=np.float64)
    across = np.log10(np.maximum(across, 1e-9)) if logarithmic else across
    places = np.column_stack([across, np.asarray(y, dtype=np.float64)])
    places = (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    found = np.zeros(len(places), dtype=bool)
    for i in order:
        found[i] = not (np.abs(places[found] - places[i]) < NEAR).all(axis=1).any()
    return found
