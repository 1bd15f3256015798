"""The pictures of a leaderboard, each with what it says to those who don't see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.evaluation.canvas import Theme
from recsys_assets.evaluation.plots import PANELS, history_figure, quality_figure
from recsys_assets.evaluation.report import Report
from recsys_assets.evaluation.tradeoff import tradeoff_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure that is drawn when a theme is known."""

    alt: str
    draw: Callable[[Theme], Figure]


def pictures(report: Report) -> tuple[Picture, ...]:
    """Quality under each protocol, quality against coverage, speed and time to fit, quality by history."""
    models = report.evaluations
    quality = (
        Picture(
            f"Bars: NDCG@10 of each model, {panel.title.lower()}, with 95 % intervals; figures are in the tables",
            lambda theme, panel=panel: quality_figure(models, panels=(panel,), best=report.best, theme=theme),  # type: ignore[misc]
        )
        for panel in PANELS
    )
    return (
        *quality,
        Picture(
            "Points: NDCG@10 of each model against the share of the catalogue it shows; figures are in the tables",
            lambda theme: tradeoff_figure(models, theme=theme),
        ),
        Picture(
            "Points: NDCG@10 of each model against its milliseconds per user; figures are in the tables",
            lambda theme: tradeoff_figure(models, against="speed", theme=theme),
        ),
        Picture(
            "Points: NDCG@10 of each model against the seconds it takes to fit; figures are in the tables",
            lambda theme: tradeoff_figure(models, against="fit", theme=theme),
        ),
        Picture(
            "Points: NDCG@10 of the first models, users grouped by how many ratings were known, with intervals",
            lambda theme: history_figure(models, theme=theme),
        ),
    )
