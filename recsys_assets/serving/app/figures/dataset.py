"""Ratings over time, the long tail, genres."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import polars as pl

from recsys_assets.serving.app.figures.labels import placed
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import BLUES, Theme, accent, series, soft, styled

LARGEST = 42
"""Pixels of the largest bubble; its area stands for ratings."""


def over_time(by_month: pl.DataFrame, *, theme: Theme) -> go.Figure:
    """The mean of a month as a line, above ratings a month as an area; one axis of time for both."""
    figure = go.Figure(
        [
            go.Scatter(
                x=by_month["month"].to_list(),
                y=by_month["ratings"].to_list(),
                name="ratings",
                fill="tozeroy",
                line={"color": accent(theme), "width": 1.5, "shape": "hv"},
                fillcolor=BLUES[theme][1],
                hovertemplate="%{x|%B %Y}: %{y:,} ratings<extra></extra>",
            ),
            go.Scatter(
                x=by_month["month"].to_list(),
                y=by_month["mean"].to_list(),
                name="mean",
                yaxis="y2",
                line={"color": series(theme, 1), "width": 1.5},
                hovertemplate="%{x|%B %Y}: %{y:.2f} stars<extra></extra>",
            ),
        ]
    )
    figure.update_layout(
        yaxis={"title": {"text": "ratings a month"}, "rangemode": "tozero", "domain": [0, 0.64]},
        yaxis2={"title": {"text": "mean, stars"}, "domain": [0.72, 1], "nticks": 4},
        xaxis={"anchor": "y"},
        hovermode="x unified",
        showlegend=False,
    )
    return styled(figure, theme, height=420)


def decades_figure(decades: pl.DataFrame, *, theme: Theme) -> go.Figure:
    """Movies by the decade they are from, on an axis of years: a decade without a movie stays empty."""
    figure = go.Figure(
        go.Bar(
            x=(decades["decade"] + 5).to_list(),
            y=decades["movies"].to_list(),
            width=8,
            marker_color=accent(theme),
            customdata=decades["decade"].to_list(),
            hovertemplate="%{customdata}s: %{y:,} movies<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"title": {"text": "year"}, "dtick": 20, "tick0": 1900, "tickformat": "d"},
        yaxis={"title": {"text": "movies"}},
    )
    return styled(figure, theme)


def long_tail(tail: pl.DataFrame, half: float, *, theme: Theme) -> go.Figure:
    """Share of all ratings that the most rated movies have."""
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
        text=f"<b>{half:.1%}</b> of the movies<br>have half of the ratings",
        align="left",
        showarrow=True,
        arrowhead=0,
        ax=36,
        ay=40,
        xanchor="left",
        arrowcolor=soft(theme),
    )
    figure.update_layout(
        xaxis={"title": {"text": "movies, the most rated first, %"}, "range": [0, 100]},
        yaxis={"title": {"text": "of all ratings, %"}, "range": [0, 101]},
    )
    return styled(figure, theme)


def genre_map(genres: pl.DataFrame, *, theme: Theme, chosen: tuple[str, ...] = ()) -> go.Figure:
    """A bubble a genre: how many movies it has against how well they are rated; its size is the ratings."""
    share = (genres["ratings"] / max([*genres["ratings"].to_list(), 1])).to_numpy()
    diameters = np.maximum(LARGEST * np.sqrt(share), 7)
    order = sorted(range(len(genres)), key=lambda i: -genres["ratings"][i])
    rated = genres["mean"].fill_null(0)
    places = placed(
        genres["movies"], rated, genres["genre"].to_list(), order=order, radii=diameters / 2, logarithmic=True
    )
    colours = [series(theme, 1) if g in chosen else accent(theme) for g in genres["genre"]]
    figure = go.Figure(
        go.Scatter(
            x=genres["movies"].to_list(),
            y=genres["mean"].to_list(),
            mode="markers+text",
            text=[plain(g) if place else "" for g, place in zip(genres["genre"], places, strict=True)],
            textposition=[place or "top center" for place in places],
            textfont={"size": 12},
            customdata=[(n, plain(g)) for n, g in zip(genres["ratings"], genres["genre"], strict=True)],
            marker={
                "size": diameters.tolist(),
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
