"""The trade-off between quality and what it costs, and quality with its intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys_assets.evaluation.report_sections import Measure
from recsys_assets.serving.app.facts.leaderboard import LOGARITHMIC, Board, Point
from recsys_assets.serving.app.figures.basic import ROW
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import Theme, accent, ink, paper, series, soft, styled

NEAR = (0.16, 0.06)
"""Of the width and height: where a named point is so near, another keeps its name to itself until it is pointed at."""


def tradeoff_figure(points: Sequence[Point], *, across: Measure, up: Measure, theme: Theme) -> go.Figure:
    """A point a model; the dotted line joins those that no other beats in both."""
    front = sorted((p for p in points if p.on_front), key=lambda p: p.across)
    named = _named(points, logarithmic=across.key in LOGARITHMIC)
    figure = go.Figure(
        go.Scatter(
            x=[p.across for p in front],
            y=[p.up for p in front],
            mode="lines",
            line={"color": soft(theme), "dash": "dot", "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for of, colour, symbol, name in (
        ([p for p in points if p.on_front], accent(theme), "circle", "no model beats it in both"),
        ([p for p in points if not p.on_front], series(theme, 1), "diamond-open", "another is better in both"),
    ):
        figure.add_scatter(
            x=[p.across for p in of],
            y=[p.up for p in of],
            mode="markers+text",
            name=name,
            text=[plain(p.model) if p.model in named else "" for p in of],
            customdata=[plain(p.model) for p in of],
            textposition="top center",
            textfont={"size": 12, "color": ink(theme)},
            cliponaxis=False,
            marker={"size": 11, "color": colour, "symbol": symbol, "line": {"width": 1.5, "color": colour}},
            hovertemplate="<b>%{customdata}</b><br>%{y:.4f}, %{x:,.4~g}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": across.label}, "type": "log" if across.key in LOGARITHMIC else "linear", "showgrid": True},
        yaxis={"title": {"text": up.label}},
        margin={"r": 40},
    )
    if across.key in LOGARITHMIC:
        figure.update_xaxes(dtick=1, tickformat=",~g")
    return styled(figure, theme, height=460)


def ranked_figure(board: Board, measure: Measure, *, theme: Theme) -> go.Figure:
    """Every model's figure, the best on top, with its 95 % interval where one was measured."""
    rows = sorted((r for r in board.rows if r.value(measure) is not None), key=lambda r: -(r.value(measure) or 0))
    if measure.better == "lower":
        rows.reverse()
    values = [r.value(measure) or 0.0 for r in rows]
    bounds = [r.intervals.get(measure.key) for r in rows]
    figure = go.Figure(
        go.Bar(
            y=[plain(r.model) for r in rows],
            x=values,
            orientation="h",
            marker_color=[accent(theme) if r.model == board.best else soft(theme) for r in rows],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [b[1] * measure.scale - v if b else 0 for b, v in zip(bounds, values, strict=True)],
                "arrayminus": [v - b[0] * measure.scale if b else 0 for b, v in zip(bounds, values, strict=True)],
                "color": ink(theme),
                "thickness": 1,
                "width": 3,
            },
            hovertemplate="<b>%{y}</b> %{x:.4f}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"title": {"text": measure.label}, "showgrid": True, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "showgrid": False},
        hoverlabel={"bgcolor": paper(theme)},
    )
    return styled(figure, theme, height=80 + ROW * len(rows))


def _named(points: Sequence[Point], *, logarithmic: bool) -> set[str]:
    """Models whose names are written: those on the front first, then the best, as long as no name meets another."""
    xs = np.array([p.across for p in points], dtype=np.float64)
    xs = np.log10(np.maximum(xs, 1e-9)) if logarithmic else xs
    places = np.column_stack([xs, [p.up for p in points]])
    places = (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    taken: list[int] = []
    for i in sorted(range(len(points)), key=lambda i: (not points[i].on_front, -points[i].up)):
        if not any((np.abs(places[i] - places[j]) < NEAR).all() for j in taken):
            taken.append(i)
    return {points[i].model for i in taken}
