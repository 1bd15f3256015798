"""What a rule found over the runs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from recsys_assets.quality.pages.svg import Point
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
    figure.update_layout(xaxis={"type": "category", "nticks": 8}, yaxis={"title": {"text": "found"}})
    return styled(figure, theme, height=260)
