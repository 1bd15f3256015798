"""What every picture is drawn on: light and dark paper, colours and markers that tell series apart, PNG and data URI.

Figures are made without pyplot, so nothing is global and no display is asked for. Colours tell series apart for the
colour-blind too (Okabe and Ito 2008), and markers do beside them.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
MARKERS = "osD^vPX*"
DPI, COLOURS = 110, 64
"""Of a PNG; a palette of so few colours keeps it under 50 kB and no eye sees it."""
BAR = {"light": "#1f5fa8", "dark": "#6db1f2"}
SERIES = {
    "light": ("#0072b2", "#d55e00", "#008060", "#a8559a", "#b07900", "#3f3f3f", "#2f8fc4", "#8a3a00"),
    "dark": ("#6db1f2", "#ff9a56", "#3fcf9f", "#e8a3d4", "#f0c24a", "#c9c9c9", "#9ad8ff", "#d7a07a"),
}
PAPER = {"light": "#ffffff", "dark": "#171b21"}
INK = {"light": "#1b1f24", "dark": "#e8eaed"}
FAINT = {"light": "#d5d9de", "dark": "#3a424d"}


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG, of some tens of kilobytes."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, facecolor=figure.get_facecolor())
    small = io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, format="png", optimize=True)
    return small.getvalue()


def data_uri(figure: Figure) -> str:
    """The figure as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(figure)).decode("ascii")


def markdown_image(figure: Figure, *, alt: str = "plot") -> str:
    """The figure as a markdown image that needs no other file."""
    return f"![{alt}]({data_uri(figure)})"


def blank(
    width: float, height: float, rows: int, columns: int, *, theme: Theme, ratios: Sequence[float] | None = None
) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER[theme])
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, gridspec_kw={"width_ratios": ratios} if ratios else None)
    for axis in figure.axes:
        axis.set_facecolor(PAPER[theme])
        axis.tick_params(colors=INK[theme], labelsize=9, length=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.spines["bottom"].set_color(FAINT[theme])
        axis.set_axisbelow(True)
        for text in (axis.xaxis.label, axis.yaxis.label):
            text.set_color(INK[theme])
            text.set_fontsize(9)
    return figure, axes


def name_axis(axis: Axes, title: str, *, theme: Theme) -> None:
    axis.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK[theme])


def say_nothing_measured(axis: Axes, *, theme: Theme) -> None:
    axis.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axis.transAxes, color=INK[theme])
    axis.set_xticks([])
    axis.set_yticks([])


def look_of(place: int, theme: Theme) -> tuple[str, str]:
    """Colour and marker of the model at this place: no two of the first 64 are alike in both."""
    turn, of = divmod(place, len(MARKERS))
    return colour_of(of, theme), MARKERS[(of + turn) % len(MARKERS)]


def colour_of(place: int, theme: Theme) -> str:
    """Colour of the series at this place."""
    return SERIES[theme][place % len(SERIES[theme])]
