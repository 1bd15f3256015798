"""The leaderboard of the challengers registered last, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.evaluation.leaderboard import build_leaderboard, write_report
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings


@dataclass(frozen=True)
class Standings:
    table: pl.DataFrame
    best: str
    best_metrics: dict[str, float]
    plots_markdown: str
    html: Path


def publish_leaderboard(settings: Settings) -> Standings:
    """Compare the challengers' evaluations on the newest splits, and write `data/reports/`."""
    registry = Registry(settings)
    evaluations = [
        Evaluation.from_json(registry.document(version, "evaluation.json"))
        for version in registry.versions_of_all()
        if "challenger" in version.aliases
    ]
