"""Pictures of tuning: throughput over the decisions, who had how many workers, and the knee before memory runs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.evaluation.canvas import MARKERS, Theme, blank, colour_of, name_axis
from recsys_assets.tuner.allocation import STAGES
from recsys_assets.tuner.batch_size import BatchSizes
from recsys_assets.tuner.live import Decision
from recsys_assets.tuner.real.contest import LiveRun
from recsys_assets.tuner.real.grid import Grid
from recsys_assets.tuner.tuned import Tuning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIB = 2**20
KNEE = 0.9
"""Share of the best throughput from which more memory hardly helps."""


def tuning_figure(tuning: Tuning, *, theme: Theme = "light") -> Figure:
    """Above: batches a second and data stall of each interval. Below: workers of each stage."""
    figure, (above, below) = blank(8, 5, 2, 1, theme=theme)
    step = np.arange(1, len(tuning.log) + 1)
    above.plot(step, [d.throughput for d in tuning.log], color=colour_of(0, theme), label="batches a second")
    for name, value, look in (("untuned", tuning.tuned.untuned, ":"), ("tuned", tuning.tuned.throughput, "--")):
        above.axhline(value, color=colour_of(5, theme), linestyle=look, linewidth=1)
        above.annotate(name, (step[-1], value), fontsize=8, va="bottom", ha="right", color=colour_of(5, theme))
    above.set_ylim(bottom=0)
    above.set_ylabel("batches a second")
    _workers(below, tuning.log, theme)
    below.set_xlabel("decision")
    for axis in (above, below):
        axis.locator_params(axis="x", integer=True)
        _mark_resize(axis, tuning, theme)
    below.locator_params(axis="y", integer=True)
    name_axis(above, f"{tuning.tuned.scenario}: {tuning.tuned.tuner}, live", theme=theme)
    name_axis(below, "workers of each stage", theme=theme)
    return figure


def knee_figure(grid: Grid, *, theme: Theme = "light") -> Figure:
    """Throughput over bytes in flight of all allocations measured; the line: the most for so many bytes."""
    figure, axis = blank(8, 3.5, 1, 1, theme=theme)
    held = grid.in_flight / MIB
    order = np.argsort(held)
    axis.scatter(held, grid.throughput, s=12, color=colour_of(0, theme), alpha=0.6, linewidths=0)
    axis.step(
        held[order], np.maximum.accumulate(grid.throughput[order]), where="post", color=colour_of(1, theme), linewidth=1
    )
    good = np.flatnonzero(grid.throughput >= KNEE * grid.throughput.max())
    knee = good[held[good].argmin()]
    axis.axvline(held[knee], color=colour_of(5, theme), linestyle=":", linewidth=1)
    told = f" {KNEE:.0%} of the best from {held[knee]:.1f} MiB on"
    place = {"xy": (held[knee], 0.05), "xycoords": ("data", "axes fraction"), "fontsize": 8}
    axis.annotate(told, ha="left", color=colour_of(5, theme), **place)
    axis.set_xlabel("MiB in flight, at most")
    axis.set_ylabel("batches a second")
    axis.set_ylim(bottom=0)
    budget = grid.scenario.budget / MIB
    name_axis(axis, f"{grid.scenario.name}: what memory buys (budget {budget:.0f} MiB)", theme=theme)
    return figure


def _workers(axis: Axes, log: Sequence[Decision], theme: Theme) -> None:
    step = np.arange(1, len(log) + 1)
    for stage, name in enumerate(STAGES):
        workers = [d.before.workers[stage] for d in log]
        style = {"marker": MARKERS[stage], "markersize": 3, "linewidth": 1}
        axis.step(step, workers, where="mid", color=colour_of(stage, theme), label=name, **style)
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8, frameon=False, ncols=len(STAGES))


def _mark_resize(axis: Axes, tuning: Tuning, theme: Theme) -> None:
    if tuning.resized_at is not None:
        for at in (tuning.resized_at, tuning.resized_at + len(tuning.log) // 3):
            axis.axvline(at + 0.5, color=colour_of(5, theme), linestyle=":", linewidth=1)


SHOWN = 6
"""Lines of a contest's picture that can be told apart."""


def contest_figure(runs: Sequence[LiveRun], *, theme: Theme = "light") -> Figure:
    """Batches a second live over the decisions, means over repeats: of the best tuners and of one worker a stage."""
    figure, axis = blank(8, 3.5, 1, 1, theme=theme)
    made = {n: np.mean([_made(r) for r in runs if r.tuner == n], axis=0) for n in dict.fromkeys(r.tuner for r in runs)}
    ordered = sorted(made, key=lambda n: -float(made[n].mean()))
    for place, name in enumerate([*ordered[:SHOWN], *ordered[-1:]] if len(ordered) > SHOWN else ordered):
        axis.plot(
            np.arange(1, len(made[name]) + 1), made[name], color=colour_of(place, theme), linewidth=1.2, label=name
        )
    first, n = runs[0], len(runs[0].decisions)
    for best, start, stop in ((first.best[0], 1, first.resized), (first.best[1], first.resized + 1, n)):
        axis.hlines(best, start, stop, color=colour_of(5, theme), linestyle="--", linewidth=1)
    axis.axvline(first.resized + 0.5, color=colour_of(5, theme), linestyle=":", linewidth=1)
    axis.set_xlabel("decision; dotted: the machine changes; dashed: best of the measured grid")
    axis.set_ylabel("batches a second")
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8, frameon=False, ncols=2)
    name_axis(axis, "Tuners live on the real pipeline", theme=theme)
    return figure


def _made(run: LiveRun) -> np.ndarray:
    return np.array([d.throughput for d in run.decisions])


def sizes_figure(found: BatchSizes, *, theme: Theme = "light") -> Figure:
    """The trade-off: validation NDCG over seconds an epoch."""
    figure, axis = blank(8, 3.5, 1, 1, theme=theme)
    for row in found.rows:
        colour = colour_of(1 if row.size == found.chosen.size else 0, theme)
        style = {"fmt": "o", "color": colour, "markersize": 5, "linewidth": 1, "capsize": 3}
        axis.errorbar(row.epoch_seconds, row.ndcg, yerr=row.error, **style)
        axis.annotate(
            str(row.size), (row.epoch_seconds, row.ndcg), xytext=(6, 4), textcoords="offset points", color=colour
        )
    axis.set_xlabel("seconds an epoch; bars: standard error of the distance to the best")
    axis.set_ylabel("validation NDCG@10")
    name_axis(axis, f"{found.model}, {found.dataset}: windows a batch, chosen {found.chosen.size}", theme=theme)
    return figure
