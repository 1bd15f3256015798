"""The picture of the feedback's drift: stars, popularity and acts beside those they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.evaluation.canvas import INK, Theme, blank, colour_of, name_axis, say_nothing_measured
from recsys_assets.evaluation.feedback_drift import STARS, FeedbackDrift, popularity_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 0.38


def feedback_drift_figure(drift: FeedbackDrift, *, theme: Theme = "light") -> Figure:
    """Shares of events, feedback beside public ratings; acts of the last days beside all."""
    figure, axes = blank(11.0, 3.4, 1, 3, theme=theme)
    panels = (
        ("Stars", [f"{s:g}" for s in STARS], drift.stars, drift.public_stars, drift.stars_psi),
        ("Popularity", popularity_labels(), drift.popularity, drift.public_popularity, drift.popularity_psi),
        (
            "Acts, last 7 days and all",
            list(drift.acts),
            tuple(drift.recent_acts.values()),
            tuple(drift.acts.values()),
            drift.acts_psi,
        ),
    )
    for axis, (title, labels, counts, others, moved) in zip(axes, panels, strict=True):
        name_axis(axis, title if moved is None else f"{title}: PSI {moved:.2f}", theme=theme)
        _bars(axis, labels, counts, others, theme=theme)
    axes[0].set_ylabel("share")
    axes[1].set_xlabel("movies by falling number of public ratings")
    handles, names = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, names, frameon=False, loc="outside lower center", ncols=2, labelcolor=INK[theme], fontsize=9
        )
    return figure


def _bars(axis: Axes, labels: Sequence[str], counts: Sequence[int], others: Sequence[int], *, theme: Theme) -> None:
    if not sum(counts):
        say_nothing_measured(axis, theme=theme)
        return
    places = np.arange(len(labels))
    for turn, (name, values) in enumerate((("feedback", counts), ("compared with", others))):
        heights = np.array(values) / max(1, sum(values))
        axis.bar(places + (turn - 0.5) * WIDTH, heights, WIDTH, color=colour_of(turn, theme), label=name)
    axis.set_xticks(places, labels, rotation=45 if max(map(len, labels)) > 3 else 0)
