"""Comparisons of tuners, kept for whoever shows them: what was simulated, replayed, and measured live.

data/reports/<dataset>/tuner.json    {"contests": {family: rows},
                                      "live": {scenario and machine: rows}, "replayed": the same}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings

Part = Literal["contests", "live", "replayed"]


def report_path(settings: Settings) -> Path:
    return settings.reports_dir / settings.dataset / "tuner.json"


def add_to_report(settings: Settings, part: Part, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Tables by name, a row a tuner, the best first; tables of other names and of the other part stay."""
    path = report_path(settings)
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {name: [_without_nan(row) for row in rows] for name, rows in tables.items()}
    write_text(path, json.dumps({**stored, part: {**stored.get(part, {}), **kept}}, indent=1))
    return path


def _without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has none."""
    return {name: None if value != value else value for name, value in row.items()}
