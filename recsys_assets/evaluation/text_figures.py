"""What texts say, as one picture: aspects praised and criticized, and sentiment by week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from recsys_assets.evaluation.canvas import SERIES, Theme, blank, name_axis, say_nothing_measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEEKS = 52
"""The last of them are shown."""


def texts_figure(aspects: pl.DataFrame, weekly: pl.DataFrame, *, theme: Theme = "light") -> Figure:
    """`aspects`: `aspect, praised, criticized`; `weekly`: `week, texts, sentiment`, oldest first."""
    figure, axes = blank(9.0, 3.6, 1, 2, theme=theme)
    _aspects(axes.flat[0], aspects, theme)
    _weeks(axes.flat[1], weekly.tail(WEEKS), theme)
    return figure


def _aspects(axis: Axes, aspects: pl.DataFrame, theme: Theme) -> None:
    name_axis(axis, "Texts that praise or criticize", theme=theme)
    ordered = aspects.sort(pl.col("praised") + pl.col("criticized"), "aspect")
    places = np.arange(len(ordered))
    axis.barh(places, ordered["praised"].to_numpy(), color=SERIES[theme][0], label="praised")
    axis.barh(places, -ordered["criticized"].to_numpy(), color=SERIES[theme][1], label="criticized")
    axis.set_yticks(places, ordered["aspect"].to_list())
    axis.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axis.legend(frameon=False, loc="lower right")


def _weeks(axis: Axes, weekly: pl.DataFrame, theme: Theme) -> None:
    name_axis(axis, "Mean sentiment by week, -1 to 1", theme=theme)
    if weekly.is_empty():
        say_nothing_measured(axis, theme=theme)
        return
    axis.axhline(0, color=SERIES[theme][5], linewidth=0.8)
    axis.plot(weekly["week"].to_numpy(), weekly["sentiment"].to_numpy(), marker="o", color=SERIES[theme][0])
    axis.set_ylim(-1.05, 1.05)
    axis.tick_params(axis="x", labelrotation=30)
