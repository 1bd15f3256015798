"""Pictures of lists: how a blend moves from one end to the other, and what a session earned."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import plotly.graph_objects as go
import polars as pl

from recsys_assets.serving.app.facts.hybrid import Path
from recsys_assets.serving.app.figures.basic import lines
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import BLUES, Theme, accent, ink, series, soft, styled

LABEL, SUMMAND = 28, 38
"""Letters of a line of a reason, and pixels of its bar."""


def path_figure(path: Path, *, model: str, alpha: float, theme: Theme) -> go.Figure:
    """Share of the list that each end would show too, over the weight; the dashed line is the weight chosen."""
    figure = lines(
        {
            f"also in {model}'s list": (path.alphas, [100 * v for v in path.with_model]),
            "also in content's list": (path.alphas, [100 * v for v in path.with_content]),
        },
        theme=theme,
        x="weight of content",
        y="% of the list",
        from_zero=True,
    )
    figure.add_vline(x=alpha, line={"color": soft(theme), "dash": "dash", "width": 1.5})
    figure.update_yaxes(range=[0, 104])
    return figure


def summands_figure(texts: Sequence[str], values: Sequence[float], *, total: float, theme: Theme) -> go.Figure:
    """What a score is the sum of; what takes away from it in another colour."""
    labels = [_in_two_lines(text) for text in texts]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(labels))),
            x=list(values),
            orientation="h",
            marker_color=[accent(theme) if v >= 0 else series(theme, 1) for v in values],
            customdata=[plain(text) for text in texts],
            hovertemplate="%{customdata}: %{x:+.3f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": soft(theme), "width": 1})
    figure.update_layout(
        xaxis={"title": {"text": f"together {total:.3f}"}, "showgrid": True, "nticks": 6},
        yaxis={"autorange": "reversed", "showgrid": False, "tickvals": list(range(len(labels))), "ticktext": labels},
    )
    return styled(figure, theme, height=70 + SUMMAND * len(labels))


def _in_two_lines(text: str) -> str:
    lines = wrap(text, LABEL)
    shown = lines if len(lines) <= 2 else [lines[0], lines[1][: LABEL - 1] + "…"]
    return "<br>".join(plain(line) for line in shown)


def reward_figure(rewards: Sequence[float], actions: Sequence[str], *, theme: Theme) -> go.Figure:
    """What a session earned so far, act by act."""
    figure = lines({"reward": (range(len(rewards)), list(rewards))}, theme=theme, x="acts", y="reward so far")
    figure.update_traces(text=["start", *actions], hovertemplate="%{text}: %{y:+.1f} so far<extra></extra>")
    figure.update_xaxes(dtick=1 if len(rewards) < 12 else None)
    figure.add_hline(y=0, line={"color": soft(theme), "width": 1})
    return styled(figure, theme, height=260)


def together_figure(pairs: pl.DataFrame, *, theme: Theme) -> go.Figure:
    """How often two genres come together: share of the row's genre that is of the column's too."""
    names = pairs["genre"].to_list()
    shares = pairs.drop("genre").to_numpy()
    figure = go.Figure(
        go.Heatmap(
            x=[plain(n) for n in names],
            y=[plain(n) for n in names],
            z=100 * shares,
            colorscale=[[i / 7, c] for i, c in enumerate(BLUES[theme])],
            zmin=0,
            zmax=60,
            xgap=1,
            ygap=1,
            colorbar={
                "orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "len": 0.5,
                "thickness": 10, "outlinewidth": 0, "ticksuffix": " %", "tickfont": {"color": ink(theme)},
            },
            hovertemplate="%{z:.0f} % of %{y} are %{x} too<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(xaxis={"tickangle": -60}, yaxis={"autorange": "reversed", "showgrid": False})
    return styled(figure, theme, height=520)
