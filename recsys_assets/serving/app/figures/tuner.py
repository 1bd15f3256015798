"""What tuning gained, and the way to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from recsys_assets.serving.app.facts.tuner import Chosen, Step
from recsys_assets.serving.app.figures.basic import lying
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import Theme, accent, ink, series, styled


def gain_figure(chosen: Sequence[Chosen], *, theme: Theme) -> go.Figure:
    """Batches a second, untuned and tuned."""
    return lying(
        [c.scenario for c in chosen],
        {"untuned": [c.untuned for c in chosen], "tuned": [c.tuned for c in chosen]},
        theme=theme,
        x="batches a second",
        hover="%{y}: %{x:,.1f} batches a second<extra></extra>",
    )


def contest_figure(rows: Sequence[Mapping[str, Any]], *, theme: Theme) -> go.Figure:
    """q of each tuner, the best on top; the whisker is the 95 % interval of its difference to DS2, around its own q."""
    figure = lying([str(row["tuner"]) for row in rows], {"q": [row["q"] for row in rows]}, theme=theme, x="q")
    below, above = ([_reach(row, end) for row in rows] for end in ("low", "high"))
    figure.update_traces(
        error_x={"type": "data", "array": above, "arrayminus": below, "color": ink(theme), "thickness": 1.5, "width": 3}
    )
    return figure


def _reach(row: Mapping[str, Any], end: str) -> float:
    """From the difference to DS2 to an end of its interval; 0 where there is none."""
    difference, at = row.get("difference"), row.get(end)
    return abs(at - difference) if difference is not None and at is not None else 0.0


def steps_figure(steps: Sequence[Step], *, theme: Theme) -> go.Figure:
    """Throughput over decisions, and the workers as steps on the right axis."""
    numbers = [s.number for s in steps]
    most = max(sum(s.workers) for s in steps)
    figure = go.Figure(
        [
            go.Scatter(
                x=numbers,
                y=[s.throughput for s in steps],
                name="batches a second",
                mode="lines+markers",
                line={"color": accent(theme), "width": 2},
                customdata=[(plain(s.bottleneck), 100 * s.stall) for s in steps],
                hovertemplate="%{y:.1f} a second; limit %{customdata[0]}, stall %{customdata[1]:.0f} %<extra></extra>",
            ),
            go.Scatter(
                x=numbers,
                y=[sum(s.workers) for s in steps],
                name="workers",
                yaxis="y2",
                line={"color": series(theme, 1), "width": 1.5, "shape": "hv"},
                customdata=[", ".join(map(str, s.workers)) for s in steps],
                hovertemplate="workers %{customdata}<extra></extra>",
            ),
        ]
    )
    figure.update_layout(
        xaxis={"title": {"text": "decision"}},
        yaxis={"title": {"text": "batches a second"}, "rangemode": "tozero"},
        yaxis2={
            "title": {"text": "workers"},
            "overlaying": "y",
            "side": "right",
            "range": [0, 1.1 * most],
            "tickmode": "linear",
            "dtick": math.ceil(most / 5),
            "showgrid": False,
        },
    )
    return styled(figure, theme)
