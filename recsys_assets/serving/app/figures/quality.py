"""What a rule found over the runs, and how values are spread."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recsys_assets.quality.pages.svg import Point
from recsys_assets.quality.stored import StoredDistribution
from recsys_assets.serving.app.facts.quality import counted_of, is_long
from recsys_assets.serving.app.figures.basic import lines, lying
from recsys_assets.serving.app.theme import Theme, accent, styled, tone


def history_figure(points: Sequence[Point], *, theme: Theme) -> go.Figure:
    """Oldest first; a cross where the rule was broken."""
    figure = go.Figure(
        go.Scatter(
            x=[p.when for p in points],
            y=[p.value for p in points],
            mode="lines+markers",
            line={"color": accent(theme), "width": 1.5},
            marker={
                "size": [8 if p.passed else 13 for p in points],
                "symbol": ["circle" if p.passed else "x" for p in points],
                "color": [accent(theme) if p.passed else tone(theme, "bad") for p in points],
            },
            text=[p.told for p in points],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "nticks": 8}, yaxis={"title": {"text": "found"}, "tickformat": ",.8~g"}
    )
    known = {p.value for p in points if p.value is not None}
    if len(known) == 1:  # an axis around one figure would show no more than its digits
        figure.update_yaxes(tickvals=list(known))
    return styled(figure, theme, height=260)


def spread_figure(spread: StoredDistribution, *, theme: Theme) -> go.Figure:
    """This run's counts and, where there was one, the run's before; a line where labels are many, as months are."""
    shown = {"this run": spread.counts} | ({"before": spread.reference} if spread.reference else {})
    labels = list(spread.labels)
    if is_long(spread):
        figure = lines(
            {k: (labels, v) for k, v in shown.items()}, theme=theme, x="", y=counted_of(spread), from_zero=True
        )
        return figure.update_xaxes(type="category", nticks=6).update_traces(hovertemplate="%{x}: %{y:,}")
    return lying(labels, shown, theme=theme, x=counted_of(spread), hover="%{y}: %{x:,}<extra></extra>")
