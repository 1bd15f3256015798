"""Names beside the points of a scatter plot, none over another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

NEAR, RINGS, STEP = 9, 6, 14
"""Points between a mark and its name; how many rings further out are tried; points between rings."""


def place_labels(
    figure: Figure, axis: Axes, points: Sequence[tuple[str, float, float]], *, colour: str, size: float = 9
) -> None:
    """Write each name where it covers no point and no other name; far ones get a thin line. Call it last."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    marks = [axis.transData.transform((x, y)) for _, x, y in points]
    taken = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    for name, x, y in points:
        for ring, dx, dy, across, up in _places():
            note = axis.annotate(
                name,
                (x, y),
                xytext=(dx, dy),
                textcoords="offset points",
                ha=across,
                va=up,
                color=colour,
                fontsize=size,
                annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "alpha": 0.6} if ring else None,
            )
            note.set_in_layout(False)
            box = _text_box(note)
            if _fits(box, taken, axis.bbox) or ring == RINGS:
                taken.append(box)
                break
            note.remove()


def _places() -> Iterator[tuple[int, float, float, str, str]]:
    """(ring, x, y, alignments): right, left, above, below, then the corners; nearest ring first."""
    for ring in range(RINGS + 1):
        far = NEAR + ring * STEP
        yield ring, far, 0, "left", "center"
        yield ring, -far, 0, "right", "center"
        yield ring, 0, far, "center", "bottom"
        yield ring, 0, -far, "center", "top"
        yield ring, far, far, "left", "bottom"
        yield ring, far, -far, "left", "top"
        yield ring, -far, far, "right", "bottom"
        yield ring, -far, -far, "right", "top"


def _text_box(note: Annotation) -> Bbox:
    """Extent of the words alone, without the line to the point."""
    from matplotlib.text import Text

    note.get_window_extent()
    return Text.get_window_extent(note)


def _fits(box: Bbox, taken: Sequence[Bbox], frame: Bbox) -> bool:
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken)
