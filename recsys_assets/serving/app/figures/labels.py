"""Where the names of a scatter's points stand: above, below or beside them, over no other name and no other point.

Greedy (point-feature labels, Christensen et al. 1995): points choose in a given order, each the first free of four
places; one without a free place is named by the pointer alone. A server knows no window's width: the picture is taken
to be hardly wider than a phone's, so that what is free of overlaps there is so everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

PICTURE = (340.0, 340.0)
LETTER, LINE = 6.6, 15.0
"""Pixels of a letter and of a line, at the size in which names are written."""
GAP = 3.0
BEYOND = 28.0
"""Pixels that an axis goes on beyond its outermost points."""
PLACES = {"top center": (0, 1), "middle right": (1, 0), "bottom center": (0, -1), "middle left": (-1, 0)}
"""Plotly's name of a place -> where it lies, seen from the point."""

Box = NDArray[np.float64]
"""left, bottom, right, top."""


def placed(
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[str],
    *,
    order: Sequence[int],
    radii: ArrayLike = 6.0,
    logarithmic: bool = False,
) -> list[str]:
    """The place of each name, one of `PLACES`, or empty; those first in `order` choose first. `radii` in pixels."""
    points = _pixels(x, y, logarithmic=logarithmic)
    radius = np.broadcast_to(np.asarray(radii, dtype=np.float64), len(points))
    taken = np.column_stack([points - radius[:, None], points + radius[:, None]])
    found = [""] * len(points)
    for i in order:
        for place, side in PLACES.items():
            box = _box(points[i], radius[i], names[i], side)
            others = np.delete(taken, i, axis=0)
            if box[0] >= -BEYOND and box[2] <= PICTURE[0] + BEYOND and not _over(box, others).any():
                found[i], taken = place, np.vstack([taken, box])
                break
    return found


def _pixels(x: ArrayLike, y: ArrayLike, *, logarithmic: bool) -> NDArray[np.float64]:
    across = np.asarray(x, dtype=np.float64)
    across = np.log10(np.maximum(across, 1e-9)) if logarithmic else across
    places = np.column_stack([across, np.asarray(y, dtype=np.float64)])
    scaled = (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    pixels: NDArray[np.float64] = scaled * PICTURE
    return pixels


def _box(point: NDArray[np.float64], radius: float, name: str, side: tuple[int, int]) -> Box:
    half = np.array([LETTER * len(name) / 2, LINE / 2])
    middle = point + np.array(side) * (radius + GAP + half)
    return np.concatenate([middle - half, middle + half])


def _over(box: Box, others: NDArray[np.float64]) -> NDArray[np.bool_]:
    beyond = np.hstack([others[:, :2] >= box[2:], others[:, 2:] <= box[:2]])
    free: NDArray[np.bool_] = np.any(beyond, axis=1)
    return ~free
