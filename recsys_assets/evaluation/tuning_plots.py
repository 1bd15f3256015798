"""Pictures of a search for settings: how the best came about, and which fields matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.evaluation.canvas import BAR, FAINT, INK, Theme, blank, name_axis
from recsys_assets.evaluation.tuning import Search

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def history_of_search(found: Search, *, theme: Theme = "light") -> Figure:
    """Every trial's value and the best so far, against that of the defaults."""
    figure, axis = blank(6.4, 3.4, 1, 1, theme=theme)
    scored = [(t.number, t.value) for t in found.trials if t.value is not None]
    numbers, values = [n for n, _ in scored], [v for _, v in scored]
    best = np.maximum.accumulate(values) if found.direction == "maximize" else np.minimum.accumulate(values)
    axis.scatter(numbers, values, s=18, color=BAR[theme], alpha=0.6, label="a trial")
    axis.step(numbers, best, where="post", color=BAR[theme], linewidth=1.6, label="best so far")
    if found.default.value is not None:
        axis.axhline(found.default.value, color=INK[theme], linewidth=0.9, linestyle="--", label="the defaults")
    axis.set_xlabel("trial")
    axis.set_ylabel(found.metric)
    axis.grid(axis="y", color=FAINT[theme], linewidth=0.6)
    figure.legend(frameon=False, loc="outside lower center", ncols=3, labelcolor=INK[theme], fontsize=9)
    name_axis(axis, f"{found.model}: {len(found.trials)} settings tried, best {found.best.value:.4f}", theme=theme)
    return figure


def importance_of_fields(found: Search, *, theme: Theme = "light") -> Figure:
    """The share of the variation of the objective that each field explains."""
    shares = sorted(found.importance.items(), key=lambda item: item[1])
    figure, axis = blank(6.4, 1.2 + 0.36 * max(1, len(shares)), 1, 1, theme=theme)
    axis.barh([name for name, _ in shares], [100 * share for _, share in shares], height=0.62, color=BAR[theme])
    axis.set_xlabel("share of the variation explained, % (fANOVA)")
    axis.grid(axis="x", color=FAINT[theme], linewidth=0.6)
    name_axis(axis, f"{found.model}: which fields matter", theme=theme)
    return figure
