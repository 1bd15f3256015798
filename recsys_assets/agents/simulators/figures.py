"""Plots of a simulator's validation: data -> Figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.simulators.validation import SimulatorReport
from recsys_assets.evaluation.canvas import Theme, blank, look_of, name_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZES = (20.0, 180.0)
"""Of a marker of few and of many ratings, square points."""


def validation_figure(report: SimulatorReport, *, theme: Theme = "light") -> Figure:
    """Chances foretold against what came, and how long simulated and rating sessions are."""
    figure, (left, right) = blank(9.0, 3.8, 1, 2, theme=theme)
    _reliability(left, report, theme)
    _lengths(right, report, theme)
    return figure


def _reliability(axis: Axes, report: SimulatorReport, theme: Theme) -> None:
    axis.plot([0, 1], [0, 1], linewidth=0.8, linestyle=":", color=look_of(5, theme)[0])
    most = max(rows[:, 2].max(initial=1) for rows in report.reliability)
    for place, (act, rows) in enumerate(zip((Act.LIKE, Act.WATCH, Act.CLICK), report.reliability, strict=True)):
        colour, marker = look_of(place, theme)
        sizes = SIZES[0] + (SIZES[1] - SIZES[0]) * rows[:, 2] / most
        label = act.name.lower() + (" or better" if act else "")
        axis.plot(rows[:, 0], rows[:, 1], color=colour, linewidth=0.8)
        axis.scatter(rows[:, 0], rows[:, 1], s=sizes, color=colour, marker=marker, label=label)
    axis.set_xlabel("chance foretold, by fifths (size: ratings)")
    axis.set_ylabel("share that came")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.legend(fontsize=8, frameon=False)
    name_axis(axis, "Hidden ratings of held-out users", theme=theme)


def _lengths(axis: Axes, report: SimulatorReport, theme: Theme) -> None:
    horizon = report.temper.horizon
    steps = np.arange(1, horizon + 1)
    given = (("simulated, most rated movies", report.simulated_lengths), ("ratings", report.evidence.session_lengths))
    for place, (name, lengths) in enumerate(given):
        if len(lengths):
            share = (lengths[:, None] >= steps).mean(axis=0)
            axis.step(steps, share, where="mid", color=look_of(place, theme)[0], label=name)
    axis.set_xticks(steps[:: max(1, horizon // 7)])
    axis.set_xlabel("step")
    axis.set_ylabel("share of sessions that come so far")
    axis.set_ylim(0, 1.02)
    axis.legend(fontsize=8, frameon=False)
    name_axis(axis, "Length of sessions", theme=theme)
