"""Plots of a comparison: data -> Figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.evaluation.comparison import Comparison
from recsys_assets.agents.evaluation.verdict import named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGENT, RIVAL, OTHER = "#1f77b4", "#d62728", "#8c8c8c"


def returns_figure(comparison: Comparison, agents: Sequence[str]) -> Figure:
    """Mean return of a session of each contestant, with its interval over people."""
    from matplotlib.figure import Figure

    results = list(comparison.results)[::-1]
    figure = Figure(figsize=(7, 0.38 * len(results) + 1.3), layout="constrained")
    axes = figure.subplots()
    for place, result in enumerate(results):
        colour = AGENT if result.name in agents else RIVAL if result.name == comparison.reference else OTHER
        mean = result.mean
        axes.errorbar(
            mean.mean, place, xerr=[[mean.mean - mean.low], [mean.high - mean.mean]], fmt="o", color=colour, capsize=3
        )
    axes.set_yticks(range(len(results)), [r.name for r in results])
    axes.set_xlabel("return of a session, mean and 95 % interval over people")
    axes.set_title(f"{named(comparison.simulator)}: {comparison.n_users} people, {comparison.n_sessions} sessions each")
    axes.grid(axis="x", alpha=0.3)
    return figure


def leaving_figure(comparison: Comparison, shown: Sequence[str]) -> Figure:
    """Share of sessions that are still going on after each step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for name in shown:
        axes.step(range(1, comparison.horizon + 1), comparison[name].staying, where="mid", label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("share of sessions that come so far")
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


def acts_figure(comparison: Comparison) -> Figure:
    """What people did with what each contestant showed."""
    from matplotlib.figure import Figure

    results = list(comparison.results)[::-1]
    figure = Figure(figsize=(7, 0.34 * len(results) + 1.4), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(results))
    for act, colour in zip(Act, ("#2c7bb6", "#5aa7cf", "#abd9e9", "#fdae61", "#d7191c"), strict=True):
        share = np.array([r.act_shares[act] for r in results])
        axes.barh(range(len(results)), share, left=left, color=colour, label=act.name.lower())
        left += share
    axes.set_yticks(range(len(results)), [r.name for r in results])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of steps")
    axes.legend(ncols=5, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return figure


def coverage_figure(comparison: Comparison, agents: Sequence[str]) -> Figure:
    """Return against the share of all movies that anybody was shown; names in a column beside, in order of return."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.subplots()
    results = list(comparison.results)
    right = 100 * max(r.coverage for r in results) * 1.06
    for result, height in zip(results, spaced([r.mean.mean for r in results]), strict=True):
        colour = AGENT if result.name in agents else RIVAL if result.name == comparison.reference else OTHER
        place = (100 * result.coverage, result.mean.mean)
        axes.scatter(*place, color=colour, zorder=3)
        thin = {"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "relpos": (0, 0.5)}
        axes.annotate(
            result.name, place, xytext=(right, height), fontsize=8, color=colour, va="center", arrowprops=thin
        )
    axes.set_xlim(0, 1.45 * right)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= right])
    axes.set_xlabel("movies shown to somebody, % of the catalogue")
    axes.set_ylabel("return of a session")
    axes.grid(alpha=0.3)
    return figure


def spaced(heights: Sequence[float], *, share: float = 0.055) -> list[float]:
    """`heights`, which fall, moved down where two are nearer than `share` of their range."""
    apart = share * max(1e-9, max(heights) - min(heights))
    placed: list[float] = []
    for height in heights:
        placed.append(min(height, placed[-1] - apart) if placed else height)
    return placed
