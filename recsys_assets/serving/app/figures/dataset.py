"""Ratings over time, the long tail, genres."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from recsys_assets.serving.app.figures.labels import named
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import BLUES, Theme, accent, faint, series, soft, styled


def over_time(by_month: pl.DataFrame, *, theme: Theme) -> go.Figure:
    """Ratings a month as an area, and the mean of a month as a line on the right axis."""
    figure = go.Figure(
        [
            go.Scatter(
                x=by_month["month"].to_list(),
                y=by_month["ratings"].to_list(),
                name="ratings a month",
                fill="tozeroy",
                line={"color": accent(theme), "width": 1.5, "shape": "hv"},
                fillcolor=BLUES[theme][1],
                hovertemplate="%{x|%B %Y}: %{y:,} ratings<extra></extra>",
            ),
            go.Scatter(
                x=by_month["month"].to_list(),
                y=by_month["mean"].to_list(),
                name="mean rating",
                yaxis="y2",
                line={"color": series(theme, 1), "width": 1.5},
                hovertemplate="%{x|%B %Y}: %{y:.2f} stars<extra></extra>",
            ),
        ]
    )
    figure.update_layout(
        yaxis={"title": {"text": "ratings"}, "rangemode": "tozero"},
        yaxis2={"title": {"text": "stars"}, "overlaying": "y", "side": "right", "range": [0, 5], "showgrid": False},
        hovermode="x unified",
    )
    return styled(figure, theme)


def long_tail(tail: pl.DataFrame, half: float, *, theme: Theme) -> go.Figure:
    """Share of all ratings that the most rated movies have; the dashed line is equality."""
    figure = go.Figure(
        [
            go.Scatter(
                x=(100 * tail["movies"]).to_list(),
                y=(100 * tail["ratings"]).to_list(),
                fill="tozeroy",
                fillcolor=BLUES[theme][1],
                line={"color": accent(theme), "width": 2},
                hovertemplate="the %{x:.1f} % most rated movies have %{y:.1f} % of the ratings<extra></extra>",
                showlegend=False,
            ),
            go.Scatter(
                x=[0, 100],
                y=[0, 100],
                mode="lines",
                line={"color": soft(theme), "dash": "dash", "width": 1},
                hoverinfo="skip",
                showlegend=False,
            ),
        ]
    )
    figure.add_scatter(
        x=[100 * half, 100 * half],
        y=[0, 50],
        mode="lines",
        line={"color": series(theme, 1), "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_annotation(
        x=100 * half,
        y=50,
        text=f"{half:.1%} of the movies have half of the ratings",
        showarrow=True,
        ax=30,
        ay=25,
        xanchor="left",
        arrowcolor=faint(theme),
    )
    figure.update_layout(
        xaxis={"title": {"text": "movies, the most rated first, %"}, "range": [0, 100]},
        yaxis={"title": {"text": "of all ratings, %"}, "range": [0, 101]},
    )
    return styled(figure, theme)


def genre_map(genres: pl.DataFrame, *, theme: Theme, chosen: tuple[str, ...] = ()) -> go.Figure:
    """A bubble a genre: how many movies it has against how well they are rated; its size is the ratings."""
    most = max([*genres["ratings"].to_list(), 1])
    order = sorted(range(len(genres)), key=lambda i: -genres["ratings"][i])
    rated = genres["mean"].fill_null(0)
    written = named(genres["movies"], rated, order, logarithmic=True)
    colours = [series(theme, 1) if g in chosen else accent(theme) for g in genres["genre"]]
    figure = go.Figure(
        go.Scatter(
            x=genres["movies"].to_list(),
            y=genres["mean"].to_list(),
            mode="markers+text",
            text=[plain(g) if shown else "" for g, shown in zip(genres["genre"], written, strict=True)],
            textposition="top center",
            textfont={"size": 12},
            customdata=[(n, plain(g)) for n, g in zip(genres["ratings"], genres["genre"], strict=True)],
            marker={
                "size": genres["ratings"].to_list(),
                "sizemode": "area",
                "sizeref": 2 * most / 55**2,
                "sizemin": 5,
                "color": colours,
                "opacity": 0.75,
                "line": {"width": 0},
            },
            cliponaxis=False,
            hovertemplate="<b>%{customdata[1]}</b><br>%{x:,} movies, %{customdata[0]:,} rated %{y:.2f}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={
            "title": {"text": "movies of the genre"},
            "type": "log",
            "dtick": "D2",
            "showgrid": True,
            "tickformat": ",~g",
        },
        yaxis={"title": {"text": "mean rating, stars"}},
        margin={"t": 30, "r": 40},
    )
    return styled(figure, theme, height=460)
