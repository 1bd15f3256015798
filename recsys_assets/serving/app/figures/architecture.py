"""A model drawn from top to bottom: what comes in, what it is made of, what comes out."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recsys_assets.serving.app.facts.architecture import Row
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import PANEL, Theme, accent, ink, soft, styled

BOX, ROW = 0.46, 66
"""Half of the room a box has, and pixels of a row."""
CROWDED, NARROW = 3, 12
"""Boxes beside one another from which on they are narrow, and letters that then fit a line."""
SHOWN = 14
"""Layers that are drawn one by one; of more, the middle ones are drawn as one."""


def model_figure(rows: Sequence[Row], *, inputs: str, output: str, theme: Theme) -> go.Figure:
    """From what comes in through the rows to what comes out, with an arrow wherever numbers go."""
    drawn = [Row((("input", inputs),)), *_shortened(rows), Row((("output", output),))]
    figure = go.Figure()
    widest = max(len(row.boxes) for row in drawn)
    for start, end in arrows(drawn):
        figure.add_annotation(
            x=end[0], y=end[1] + 0.36, ax=start[0], ay=start[1] - 0.36,
            xref="x", yref="y", axref="x", ayref="y", text="", showarrow=True,
            arrowhead=2, arrowsize=0.8, arrowwidth=1, arrowcolor=soft(theme),
        )  # fmt: skip
    for y, row in enumerate(drawn):
        half = BOX if len(row.boxes) > 1 else min(0.5 * widest, 1.2) * 0.9
        edge = {"color": soft(theme), "width": 1} if y in (0, len(drawn) - 1) else {"color": accent(theme), "width": 2}
        for i, box in enumerate(row.boxes):
            if box is None:
                continue
            (name, told), beside = box, len(row.boxes)
            x = _x(i, beside)
            figure.add_shape(
                type="rect", x0=x - half, x1=x + half, y0=-y - 0.34, y1=-y + 0.34, fillcolor=PANEL[theme], line=edge
            )
            figure.add_annotation(
                x=x, y=-y, showarrow=False, font={"size": 12 if beside < CROWDED else 10, "color": ink(theme)},
                text=f"<b>{_lines(name, beside)}</b><br>{plain(told)}",
            )  # fmt: skip
    reach = max(1.25, widest / 2 + 0.05)
    figure.update_layout(
        xaxis={"visible": False, "range": [-reach, reach]},
        yaxis={"visible": False, "range": [-len(drawn) + 0.5, 0.5]},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
    )
    return styled(figure, theme, height=ROW * len(drawn) + 20)


def arrows(rows: Sequence[Row]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """From place to place; `ends` are the boxes that lead to nothing yet."""
    found, ends = [], [(0.0, 0.0)]
    for y, row in enumerate(rows[1:], start=1):
        places = [(_x(i, len(row.boxes)), -float(y)) for i in range(len(row.boxes))]
        if row.straight:
            there = [i for i, box in enumerate(row.boxes) if box is not None]
            found += [(ends[i], places[i]) for i in there]
            ends = [places[i] if i in there else end for i, end in enumerate(ends)]
        else:
            found += [(end, place) for end in ends for place in places]
            ends = places
    return found


def _x(place: int, of: int) -> float:
    return place - (of - 1) / 2


def _lines(name: str, beside: int) -> str:
    """A long name in two lines where boxes are narrow: a phone's are 80 pixels wide."""
    if beside < CROWDED or len(name) <= NARROW:
        return plain(name)
    breaks = [i + 1 for i, letter in enumerate(name) if letter in "_. "]
    at = min(breaks, key=lambda i: abs(i - len(name) / 2), default=len(name) // 2)
    return f"{plain(name[:at].rstrip())}<br>{plain(name[at:])}"


def _shortened(rows: Sequence[Row]) -> list[Row]:
    if len(rows) <= SHOWN:
        return list(rows)
    head, tail = rows[: SHOWN - 4], rows[-3:]
    return [*head, Row(((f"{len(rows) - len(head) - 3} more layers", "in the table below"),)), *tail]
