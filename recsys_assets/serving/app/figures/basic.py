"""Bars, lines and histograms in house style: what most pages draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import Theme, accent, series, styled

ROW, LEGEND = 26, 30
"""Pixels of a bar that lies, and of the line that names several."""


def bars(
    labels: Sequence[Any], values: Sequence[float], *, theme: Theme, y: str, x: str = "", hover: str = ""
) -> go.Figure:
    """Standing bars, in the order given."""
    names = [plain(label) for label in labels]
    figure = go.Figure(
        go.Bar(x=names, y=values, marker_color=accent(theme), hovertemplate=hover or "%{x}: %{y:,}<extra></extra>")
    )
    figure.update_layout(
        xaxis={"title": {"text": x}, "type": "category"}, yaxis={"title": {"text": y}, "rangemode": "tozero"}
    )
    return styled(figure, theme)


def lying(
    labels: Sequence[str],
    values: Mapping[str, Sequence[float | None]],
    *,
    theme: Theme,
    x: str = "",
    hover: str = "%{y}: %{x:,.3~f}<extra></extra>",
) -> go.Figure:
    """Lying bars, the first on top; one colour for each name of `values`."""
    names = [plain(label) for label in labels]
    figure = go.Figure(
        [
            go.Bar(y=names, x=of, name=plain(name), orientation="h", marker_color=colour, hovertemplate=hover)
            for colour, (name, of) in zip(_colours(theme, len(values)), values.items(), strict=True)
        ]
    )
    figure.update_layout(
        xaxis={"title": {"text": x}, "showgrid": True, "tickformat": ",.7~g", "nticks": 7},
        yaxis={"autorange": "reversed", "showgrid": False, "type": "category"},
        showlegend=len(values) > 1,
    )
    around = 80 + LEGEND * (len(values) > 1)
    return styled(figure, theme, height=around + ROW * len(names) * max(1, (1 + len(values)) // 2))


def lines(
    of: Mapping[str, tuple[Sequence[Any], Sequence[float | None]]],
    *,
    theme: Theme,
    x: str,
    y: str,
    from_zero: bool = False,
    markers: bool = True,
) -> go.Figure:
    """One line for each name, with marks where the figures are few."""
    figure = go.Figure(
        [
            go.Scatter(
                x=list(xs),
                y=list(ys),
                name=plain(name),
                mode="lines+markers" if markers and len(xs) < 60 else "lines",
                line={"color": series(theme, i), "width": 2},
                marker={"symbol": i, "size": 7},
                hovertemplate="%{x:,}: %{y:,.4~g}<extra>" + plain(name) + "</extra>",
            )
            for i, (name, (xs, ys)) in enumerate(of.items())
        ]
    )
    figure.update_layout(
        xaxis={"title": {"text": x}},
        yaxis={"title": {"text": y}, "rangemode": "tozero" if from_zero else "normal"},
        showlegend=len(of) > 1,
    )
    return styled(figure, theme)


def _colours(theme: Theme, n: int) -> list[str]:
    """Of one alone the accent."""
    return [accent(theme)] if n == 1 else [series(theme, i) for i in range(n)]


def histogram(edges: Sequence[float], counts: Sequence[int], *, theme: Theme, x: str, y: str) -> go.Figure:
    """Of counts between edges, one more than counts."""
    middles = [(a + b) / 2 for a, b in pairwise(edges)]
    widths = [b - a for a, b in pairwise(edges)]
    ranges = [f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)]
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=list(counts),
            width=widths,
            customdata=ranges,
            marker={"color": accent(theme), "line": {"width": 0}},
            hovertemplate="%{customdata}: %{y:,}<extra></extra>",
        )
    )
    figure.update_layout(xaxis={"title": {"text": x}}, yaxis={"title": {"text": y}}, barcornerradius=0)
    return styled(figure, theme)
