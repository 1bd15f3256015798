"""Pictures of lists: how a blend moves from one end to the other, and what a session earned."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl

from recsys_assets.serving.app.facts.hybrid import Path
from recsys_assets.serving.app.figures.basic import lines
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import BLUES, Theme, ink, soft, styled


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
            colorbar={"title": {"text": "%"}, "thickness": 12, "outlinewidth": 0, "tickfont": {"color": ink(theme)}},
            hovertemplate="%{z:.0f} % of %{y} are %{x} too<extra></extra>",
        )
    )
    figure.update_layout(xaxis={"tickangle": -60}, yaxis={"autorange": "reversed", "showgrid": False})
    return styled(figure, theme, height=520)
