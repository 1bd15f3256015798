"""One update of what texts say: judge who reads, read what is new, publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.feedback.texts.judgement import Judgement, JudgementConfig, reader_of
from recsys_assets.feedback.texts.table import TextsReport, rated_texts, write_texts
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake, Snapshot
from recsys_assets.warehouse.tables import FEEDBACK_TEXTS

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class TextsUpdate:
    report: TextsReport
    judgement: Judgement
    snapshot: Snapshot


def update_texts(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    config: JudgementConfig | None = None,
    *,
    progress: Progress = silent,
) -> TextsUpdate:
    """Bring the table `feedback_texts`, its snapshot and the text model up to what `feedback` holds."""
    folder = settings.models_dir / "texts" / settings.dataset
    reader, judgement = reader_of(folder, rated_texts(con), config, progress=progress)
    report = write_texts(con, reader, progress=progress)
    snapshot = Lake(settings.lake_dir).publish(con, FEEDBACK_TEXTS, upstream={"reader": reader.version})
    return TextsUpdate(report, judgement, snapshot)
