"""The trade-off between quality and what it costs, and quality with its intervals."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recsys_assets.evaluation.report_sections import Measure
from recsys_assets.serving.app.facts.leaderboard import LOGARITHMIC, Board, Point
from recsys_assets.serving.app.figures.basic import ROW
from recsys_assets.serving.app.figures.labels import placed
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import BLUES, Theme, accent, ink, paper, series, soft, styled


def tradeoff_figure(points: Sequence[Point], *, across: Measure, up: Measure, theme: Theme) -> go.Figure:
    """A point a model; the dotted line joins those that no other beats in both."""
    front = sorted((p for p in points if p.on_front), key=lambda p: p.across)
    order = sorted(range(len(points)), key=lambda i: (not points[i].on_front, -points[i].up))
    logarithmic = across.key in LOGARITHMIC
    places = placed(
        [p.across for p in points],
        [p.up for p in points],
        [p.model for p in points],
        order=order,
        logarithmic=logarithmic,
    )
    place_of = {p.model: place for p, place in zip(points, places, strict=True)}
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
            text=[plain(p.model) if place_of[p.model] else "" for p in of],
            customdata=[plain(p.model) for p in of],
            textposition=[place_of[p.model] or "top center" for p in of],
            textfont={"size": 12, "color": ink(theme)},
            cliponaxis=False,
            marker={"size": 11, "color": colour, "symbol": symbol, "line": {"width": 1.5, "color": colour}},
            hovertemplate="<b>%{customdata}</b><br>%{y:.4f}, %{x:,.4~g}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": across.label}, "type": "log" if logarithmic else "linear", "showgrid": True},
        yaxis={"title": {"text": up.label}},
        margin={"r": 48, "t": 30},
    )
    if logarithmic:
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
            marker_color=[accent(theme) if r.model == board.best else BLUES[theme][2] for r in rows],
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
