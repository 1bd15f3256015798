"""Names beside the points of a scatter plot, none over another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

NEAR, RINGS, STEP = 9, 14, 7
"""Points between a mark and its name; how many rings further out are tried; points between rings."""
ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 22, 338, 158, 202, 67, 293, 113, 247)
"""Directions that are tried, in degrees, in this order."""
LINE_POINTS = 12
"""Places of a line at which it is looked what it would cross."""


def place_labels(
    figure: Figure, axis: Axes, points: Sequence[tuple[str, float, float]], *, colour: str, size: float = 9
) -> None:
    """Write each name where it covers no point and no other name; far ones get a thin line, which crosses none either.
    Call it last.
    """
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    marks = [axis.transData.transform((x, y)) for _, x, y in points]
    taken = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    for mark, (name, x, y) in zip(marks, points, strict=True):

        def written(place: _Place, name: str = name, at: tuple[float, float] = (x, y)) -> Annotation:
            return _written(axis, name, at, place, colour=colour, size=size)

        taken.append(_placed(written, mark, taken, axis.bbox))


def _placed(
    written: Callable[[_Place], Annotation], mark: NDArray[np.float64], taken: Sequence[Bbox], frame: Bbox
) -> Bbox:
    """Leave one name standing, and give its extent: at the first place that is free, or free but for its line."""
    others = [box for box in taken if not box.contains(*mark)]
    crossing: tuple[Annotation, Bbox] | None = None
    for place in _places():
        note = written(place)
        box = _text_box(note)
        fits = _fits(box, taken, frame)
        if fits and (not place.ring or _clear(mark, box, others)):
            if crossing is not None:
                crossing[0].remove()
            return box
        if fits and crossing is None:
            crossing = note, box
        else:
            note.remove()
    return crossing[1] if crossing is not None else _text_box(written(place))


@dataclass(frozen=True)
class _Place:
    """Where a name is tried: points from the mark, and which side of the words is there."""

    ring: int
    x: float
    y: float
    across: str
    up: str


def _places() -> Iterator[_Place]:
    """Right, left, above, below, then the directions between; nearest ring first."""
    for ring in range(RINGS + 1):
        far = NEAR + ring * STEP
        for angle in ANGLES:
            x, y = round(far * cos(radians(angle)), 6), round(far * sin(radians(angle)), 6)
            across = "center" if x == 0 else "left" if x > 0 else "right"
            yield _Place(ring, x, y, across, "center" if y == 0 else "bottom" if y > 0 else "top")


def _written(axis: Axes, name: str, at: tuple[float, float], place: _Place, *, colour: str, size: float) -> Annotation:
    line = {"arrowstyle": "-", "color": colour, "linewidth": 0.5, "alpha": 0.6}
    note = axis.annotate(
        name,
        at,
        xytext=(place.x, place.y),
        textcoords="offset points",
        ha=place.across,
        va=place.up,
        color=colour,
        fontsize=size,
        annotation_clip=False,
        arrowprops=line if place.ring else None,
    )
    note.set_in_layout(False)
    return note


def _text_box(note: Annotation) -> Bbox:
    """Extent of the words alone, without the line to the point."""
    from matplotlib.text import Text

    note.get_window_extent()
    return Text.get_window_extent(note)


def _fits(box: Bbox, taken: Sequence[Bbox], frame: Bbox) -> bool:
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken)


def _clear(start: NDArray[np.float64], box: Bbox, others: Sequence[Bbox]) -> bool:
    """Whether the line from `start` to the nearest side of `box` misses all others."""
    end = min(max(start[0], box.x0), box.x1), min(max(start[1], box.y0), box.y1)
    steps = (place / LINE_POINTS for place in range(1, LINE_POINTS + 1))
    on_line = [(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in steps]
    return not any(other.contains(x, y) for x, y in on_line for other in others)
