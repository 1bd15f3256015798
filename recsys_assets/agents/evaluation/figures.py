"""Plots of a comparison: data -> Figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.evaluation.comparison import Comparison

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
    axes.set_title(f"{comparison.simulator}: {comparison.n_users} people, {comparison.n_sessions} sessions each")
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
    """Return against the share of all movies that anybody was shown."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    for result in comparison.results:
        colour = AGENT if result.name in agents else RIVAL if result.name == comparison.reference else OTHER
        axes.scatter(100 * result.coverage, result.mean.mean, color=colour)
        axes.annotate(
            result.name,
            (100 * result.coverage, result.mean.mean),
            xytext=(5, 3),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xlabel("movies shown to somebody, % of the catalogue")
    axes.set_ylabel("return of a session")
    axes.margins(x=0.15)
    axes.grid(alpha=0.3)
    return figure
