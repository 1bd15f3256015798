"""What quality costs: NDCG@10 of each model against what is had or paid beside it, a point a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from recsys_assets.evaluation.canvas import FAINT, INK, Theme, blank, look_of, name_axis
from recsys_assets.evaluation.labels import place_labels
from recsys_assets.evaluation.plots import METRIC_LABEL, history_result, protocol_title
from recsys_assets.evaluation.results import Evaluation, RankingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Against = Literal["coverage", "speed", "fit"]
AXES: dict[Against, tuple[str, str]] = {
    "coverage": ("coverage", "share of the catalogue shown to anyone, %"),
    "speed": ("speed", "milliseconds per user, logarithmic"),
    "fit": ("time to fit", "seconds to fit, logarithmic"),
}
"""What it is called in the title and at the axis."""
ROOMY = 6
"""Models whose names fit into a figure of the usual height."""


def tradeoff_figure(
    evaluations: Sequence[Evaluation], *, against: Against = "coverage", theme: Theme = "light"
) -> Figure:
    """NDCG@10 of each model against the share of the catalogue it shows, or the time it takes to ask or to fit.

    The line joins the models that no other beats in both.
    """
    found = [(place, e, r) for place, e in enumerate(evaluations) if (r := history_result(e)) is not None]
    points = [(place, e.model, _cost(e, r, against), r.at[0].ndcg) for place, e, r in found]
    figure, axis = blank(4.9, 3.4 + 0.1 * max(0, len(points) - ROOMY), 1, 1, theme=theme)
    title, label = AXES[against]
    _set_scale(axis, points, logarithmic=against != "coverage")
    _draw_front(axis, points, more_is_better=against == "coverage", theme=theme)
    for place, model, x, y in points:
        colour, marker = look_of(place, theme)
        axis.scatter([x], [y], s=56, label=model, zorder=3, color=colour, marker=marker)
    axis.set_xlabel(label)
    axis.set_ylabel(METRIC_LABEL)
    axis.set_ylim(0, 1.25 * max((y for *_, y in points), default=1.0) or 1.0)
    name_axis(axis, f"Quality against {title}" + (f", {protocol_title(found[0][2])}" if found else ""), theme=theme)
    axis.grid(color=FAINT[theme], linewidth=0.6)
    place_labels(figure, axis, [(model, x, y) for _, model, x, y in points], colour=INK[theme])
    return figure


def _cost(evaluation: Evaluation, result: RankingResult, against: Against) -> float:
    return {
        "coverage": 100 * result.coverage,
        "speed": evaluation.recommend_ms_per_user,
        "fit": evaluation.fit_seconds,
    }[against]


def _draw_front(
    axis: Axes, points: Sequence[tuple[int, str, float, float]], *, more_is_better: bool, theme: Theme
) -> None:
    """A step line along the models that are best in one and not beaten in the other."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(((x, y) for *_, x, y in points), key=lambda p: (-p[0] if more_is_better else p[0], -p[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    if len(front) > 1:
        axis.plot(*zip(*front, strict=True), color=INK[theme], linewidth=0.8, alpha=0.45, linestyle=":", zorder=1)


def _set_scale(axis: Axes, points: Sequence[tuple[int, str, float, float]], *, logarithmic: bool) -> None:
    """From 0, or logarithmic with 1, 2, 5, 10 as they are written; room for names at both ends."""
    if not logarithmic:
        axis.set_xlim(0, 1.2 * max((x for *_, x, _ in points), default=1.0) or 1.0)
        return
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1,) if _decades(points) > 2 else (1, 2, 5)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.margins(x=0.25)


def _decades(points: Sequence[tuple[int, str, float, float]]) -> float:
    from math import log10

    costs = [x for *_, x, _ in points]
    return log10(max(costs) / min(costs)) if costs and min(costs) > 0 else 0.0
