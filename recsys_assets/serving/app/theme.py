"""One house style: colours, fonts and templates by day and by night, for Streamlit and for Plotly.

Colours are those of the printed pictures (`evaluation.canvas`), told apart by the colour-blind too; text on paper has a
contrast of at least 7 to 1, soft text 4.5 to 1.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.canvas import BAR, FAINT, INK, PAPER, SERIES, Theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["APP_OPTIONS", "Theme", "accent", "faint", "ink", "paper", "series", "soft", "styled", "tone"]

SOFT = {"light": "#55606e", "dark": "#a9b2bd"}
PANEL = {"light": "#f3f6f9", "dark": "#20262e"}
ON_ACCENT = {"light": "#ffffff", "dark": "#10151b"}
"""Of words on the accent's ground."""
TONES = {
    "good": {"light": "#00704f", "dark": "#3fcf9f"},
    "warn": {"light": "#9a5b00", "dark": "#f0c24a"},
    "bad": {"light": "#b3261e", "dark": "#ff8a80"},
    "idle": SOFT,
}
"""Of states: always beside a word, never alone."""
BLUES = {
    "light": ("#eaf2fb", "#c3daf2", "#93bde5", "#5f9bd3", "#347abd", "#1f5fa8", "#134680", "#0b2f5a"),
    "dark": ("#1b2836", "#21405e", "#285a88", "#3274ad", "#4a93d0", "#6db1f2", "#9accf8", "#cfe6fc"),
}
FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", sans-serif'
HEIGHT = 360
"""Pixels of a picture that says nothing else."""


def _colours(theme: Theme) -> dict[str, Any]:
    return {
        f"theme.{theme}.primaryColor": BAR[theme],
        f"theme.{theme}.backgroundColor": PAPER[theme],
        f"theme.{theme}.secondaryBackgroundColor": PANEL[theme],
        f"theme.{theme}.textColor": INK[theme],
        f"theme.{theme}.linkColor": BAR[theme],
        f"theme.{theme}.borderColor": FAINT[theme],
        f"theme.{theme}.codeTextColor": INK[theme],
        f"theme.{theme}.sidebar.backgroundColor": PANEL[theme],
        f"theme.{theme}.sidebar.secondaryBackgroundColor": PAPER[theme],
    }


APP_OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.enableStaticServing": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "theme.baseRadius": "small",
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    "theme.linkUnderline": True,
    **_colours("light"),
    **_colours("dark"),
}
"""Streamlit's options, whoever starts it: nothing is sent home, errors go to the terminal, light and dark follow the
visitor's system."""


def accent(theme: Theme) -> str:
    return BAR[theme]


def series(theme: Theme, place: int) -> str:
    return SERIES[theme][place % len(SERIES[theme])]


def tone(theme: Theme, state: str) -> str:
    """Colour of a state: `good`, `warn`, `bad`, `idle`."""
    return TONES[state][theme]


def soft(theme: Theme) -> str:
    return SOFT[theme]


def ink(theme: Theme) -> str:
    return INK[theme]


def faint(theme: Theme) -> str:
    return FAINT[theme]


def paper(theme: Theme) -> str:
    return PAPER[theme]


def styled(figure: go.Figure, theme: Theme, *, height: int = HEIGHT) -> go.Figure:
    """The figure in house style; a finger that scrolls the page moves no axis."""
    figure.update_layout(template=_template(theme), height=height, dragmode=False)
    return figure


@cache
def _template(theme: Theme) -> go.layout.Template:
    import plotly.graph_objects as go

    axis = {
        "gridcolor": FAINT[theme],
        "linecolor": FAINT[theme],
        "zeroline": False,
        "ticks": "",
        "automargin": True,
        "ticklabelstandoff": 4,
        "tickfont": {"color": INK[theme], "size": 13},
        "title": {"font": {"color": SOFT[theme], "size": 13}, "standoff": 10},
        "fixedrange": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 14, "color": INK[theme]},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": SERIES[theme],
            "colorscale": {"sequential": [[i / 7, colour] for i, colour in enumerate(BLUES[theme])]},
            "margin": {"l": 8, "r": 12, "t": 16, "b": 8},
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis | {"tickformat": ",.7~g"},
            "hoverlabel": {
                "bgcolor": PANEL[theme],
                "bordercolor": FAINT[theme],
                "font": {"family": FONT, "size": 14, "color": INK[theme]},
                "align": "left",
            },
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"color": INK[theme]}},
            "bargap": 0.25,
            "barcornerradius": 3,
        }
    )
