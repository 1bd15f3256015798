"""The leaderboard of the challengers registered last, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.evaluation.leaderboard import best_model, build_leaderboard, figures_markdown, write_report
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake


@dataclass(frozen=True)
class Standings:
    """What the leaderboard asset shows. `left_out`: models whose last training was on other splits."""

    table: pl.DataFrame
    best: str
    best_metrics: dict[str, float]
    left_out: tuple[str, ...]
    plots_markdown: str
    html: Path


def publish_leaderboard(settings: Settings) -> Standings:
    """Compare the challengers that were evaluated on the splits published last, and write `data/reports/`."""
    registry, splits = Registry(settings), Lake(settings.lake_dir).snapshot("splits")
    challengers = registry.with_alias("challenger")
    comparable = [v for v in challengers if v.tags["split_version"] == splits.version]
    evaluations = [Evaluation.from_json(registry.document(v, "evaluation.json")) for v in comparable]
    best = best_model(evaluations)
    written = write_report(settings, evaluations)
    return Standings(
        table=build_leaderboard(evaluations),
        best=best,
        best_metrics=next(e.headline() for e in evaluations if e.model == best),
        left_out=tuple(v.model for v in challengers if v not in comparable),
        plots_markdown=figures_markdown(evaluations, best=best),
        html=written.html,
    )
