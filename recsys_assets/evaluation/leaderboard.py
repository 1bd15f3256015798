"""The leaderboard: every model on the same frozen splits, as a frame and as files a person opens.

Ranked by NDCG@10 on the temporal *validation* part; test figures stand beside and choose nothing (see `report`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from recsys_assets.atomic import write_text
from recsys_assets.evaluation.report import Report, intervals
from recsys_assets.evaluation.report_html import to_html
from recsys_assets.evaluation.report_markdown import figures_markdown, to_markdown
from recsys_assets.evaluation.report_sections import OVERVIEW, RANKED_BY, RANKED_BY_LABEL, SECTIONS
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "RANKED_BY",
    "Report",
    "WrittenReport",
    "best_model",
    "build_leaderboard",
    "figures_markdown",
    "terminal_table",
    "to_html",
    "to_json",
    "to_markdown",
    "write_report",
]

FORMAT_VERSION = 1
FILE_STEM = "leaderboard"


@dataclass(frozen=True)
class WrittenReport:
    """Where the report of a data set is, and who leads."""

    best: str
    markdown: Path
    html: Path
    json: Path


def build_leaderboard(evaluations: Sequence[Evaluation]) -> pl.DataFrame:
    """One row a model, best on validation first: `rank`, `model`, then figures under their names in `metrics()`."""
    report = Report.of(evaluations)
    keys = dict.fromkeys(m.key for section in (OVERVIEW, *SECTIONS) for m in report.measured(section))
    rows = [e.metrics() for e in report.evaluations]
    names = {"rank": range(1, len(rows) + 1), "model": [e.model for e in report.evaluations]}
    figures = {key: pl.Series([row.get(key) for row in rows], dtype=pl.Float64) for key in keys}
    return pl.DataFrame({**names, **figures})


def best_model(evaluations: Sequence[Evaluation]) -> str:
    """The name of the model that leads on validation."""
    return Report.of(evaluations).best


def to_json(report: Report) -> str:
    """Everything that the tables show and all other figures, for scripts."""
    document = {
        "format_version": FORMAT_VERSION,
        "dataset": report.dataset,
        "split_version": report.split_version,
        "built_at": report.built_at.isoformat(timespec="seconds"),
        "ranked_by": RANKED_BY,
        "best": report.best,
        "verdict": report.verdict(),
        "protocols": {s.anchor: s.protocol for s in SECTIONS},
        "models": [_model(rank, e) for rank, e in enumerate(report.evaluations, start=1)],
    }
    return json.dumps(document, indent=1, allow_nan=False)


def write_report(
    settings: Settings, evaluations: Sequence[Evaluation], *, built_at: datetime | None = None
) -> WrittenReport:
    """Write `reports/<dataset>/leaderboard.{md,html,json}`, and the same beside as the data set built last."""
    report = Report.of(evaluations, built_at=built_at)
    texts = {"md": to_markdown(report), "html": to_html(report), "json": to_json(report)}
    own = settings.reports_dir / report.dataset
    for folder in (own, settings.reports_dir):
        for suffix, text in texts.items():
            write_text(folder / f"{FILE_STEM}.{suffix}", text)
    return WrittenReport(report.best, *(own / f"{FILE_STEM}.{suffix}" for suffix in ("md", "html", "json")))


def terminal_table(document: Mapping[str, Any]) -> Table:
    """The overview of a `leaderboard.json`, for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    rows = document["models"]
    measures = [m for m in OVERVIEW.measures if any(m.key in row["metrics"] for row in rows)]
    table = Table(
        title=escape(document["dataset"]),
        caption=f"Ranked by {RANKED_BY_LABEL}; test figures choose nothing.",
        box=SIMPLE_HEAD,
        padding=0,
        show_edge=False,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("#", justify="right")
    table.add_column("model", no_wrap=True)
    for measure in measures:
        table.add_column("\n".join(measure.label.split()), justify="right")
    for row in rows:
        shown = [measure.text(row["metrics"].get(measure.key)) for measure in measures]
        table.add_row(str(row["rank"]), escape(row["model"]), *shown, style="bold" if row["rank"] == 1 else None)
    return table


def _model(rank: int, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "rank": rank,
        "model": evaluation.model,
        "seed": evaluation.seed,
        "data_version": evaluation.data_version,
        "config": evaluation.config,
        "metrics": evaluation.metrics(),
        "intervals": {name: list(bounds) for name, bounds in intervals(evaluation).items()},
    }
