"""A model drawn from top to bottom: what comes in, what it is made of, what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import PANEL, Theme, accent, ink, soft, styled

BOX, ROW = 0.42, 58
"""Half of the room a box has, and pixels of a row."""
SHOWN = 14
"""Layers that are drawn one by one; of more, the middle ones are drawn as one."""


def model_figure(rows: Sequence[Sequence[tuple[str, str]]], *, inputs: str, output: str, theme: Theme) -> go.Figure:
    """`rows`: boxes of a name and what it is; every box of a row leads to every box of the next."""
    drawn = [[("input", inputs)], *_shortened(rows), [("output", output)]]
    figure = go.Figure()
    widest = max(len(row) for row in drawn)
    for y, (row, after) in enumerate(pairwise(drawn)):
        for i in range(len(row)):
            for j in range(len(after)):
                figure.add_annotation(
                    x=_x(j, len(after)), y=-(y + 1) + 0.36, ax=_x(i, len(row)), ay=-y - 0.36,
                    xref="x", yref="y", axref="x", ayref="y", text="", showarrow=True,
                    arrowhead=2, arrowsize=0.8, arrowwidth=1, arrowcolor=soft(theme),
                )  # fmt: skip
    for y, row in enumerate(drawn):
        half = min(0.48, BOX) if len(row) > 1 else min(0.5 * widest, 1.2) * 0.9
        for i, (name, told) in enumerate(row):
            x, outer = _x(i, len(row)), y in (0, len(drawn) - 1)
            figure.add_shape(
                type="rect", x0=x - half, x1=x + half, y0=-y - 0.34, y1=-y + 0.34,
                fillcolor=PANEL[theme],
                line={"color": soft(theme) if outer else accent(theme), "width": 1 if outer else 2},
            )  # fmt: skip
            figure.add_annotation(
                x=x, y=-y, showarrow=False, font={"size": 12, "color": ink(theme)},
                text=f"<b>{plain(name)}</b><br>{plain(told)}",
            )  # fmt: skip
    reach = max(1.25, widest / 2 + 0.05)
    figure.update_layout(
        xaxis={"visible": False, "range": [-reach, reach]},
        yaxis={"visible": False, "range": [-len(drawn) + 0.5, 0.5]},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
    )
    return styled(figure, theme, height=ROW * len(drawn) + 20)


def _x(place: int, of: int) -> float:
    return place - (of - 1) / 2


def _shortened(rows: Sequence[Sequence[tuple[str, str]]]) -> list[Sequence[tuple[str, str]]]:
    if len(rows) <= SHOWN:
        return list(rows)
    head, tail = rows[: SHOWN - 4], rows[-3:]
    return [*head, [(f"{len(rows) - len(head) - 3} more layers", "in the table below")], *tail]
