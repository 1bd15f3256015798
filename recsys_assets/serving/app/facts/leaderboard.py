"""The leaderboard as its report tells: figures of every model on the same frozen splits, and what a figure costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recsys_assets.evaluation.report_sections import OVERVIEW, SECTIONS, Measure, Section
from recsys_assets.settings import Settings

QUALITY = (
    Measure("temporal_test_ndcg_at_10", "NDCG@10, test"),
    Measure("temporal_validation_ndcg_at_10", "NDCG@10, validation"),
    Measure("loo_test_ndcg_at_10", "NDCG@10, last movie"),
    Measure("loo_test_hr_at_10", "Hit rate@10, last movie"),
)
"""What a trade-off may be about, upwards."""
COST = (
    Measure("loo_test_coverage_at_10", "Catalogue shown to anyone, %", 1, scale=100),
    Measure("loo_test_novelty_at_10", "Novelty, bits", 2),
    Measure("loo_test_diversity_at_10", "Diversity of genres", 3),
    Measure("loo_test_popularity_lift_at_10", "Popularity lift, %", 0, better="lower", scale=100),
    Measure("recommend_ms_per_user", "Milliseconds per user", 2, better="lower"),
    Measure("fit_seconds", "Seconds to fit", 1, better="lower"),
    Measure("model_bytes", "Size, MB", 2, better="lower", scale=1e-6),
)
"""What it may be against, sideways."""
HEAD = (
    (QUALITY[1], "by which models are ranked"),
    (QUALITY[0], "chooses nothing: what to expect"),
    (QUALITY[3], "share of people it is found for"),
)
"""Told of the leader before all else, and what each is."""
TERMS = (
    ("NDCG@10", "How near the top of a list of ten the movies stand that a person then watched: 1 is a perfect list."),
    ("Hit rate@10 (HR)", "Share of people whose list of ten holds the movie that they watched last."),
    ("Validation, test", "Models are fitted on the first 80 % of all ratings in time, ranked on the next 10 %, and "
     "shown on the last 10 %, which chooses nothing."),
    ("Known", "Only people who were there before the test part begins: nobody whom the model does not know."),
    ("Last movie", "Each person's last movie is kept from the model, and looked for in their list."),
    ("RMSE", "How far predicted stars are from given stars, on average: less is better."),
    ("Coverage", "Share of the catalogue that is in anybody's list: little means the same list for all."),
    ("Novelty", "How seldom the listed movies are watched, in bits: a bit more is half as often."),
    ("Diversity", "How unlike the movies of a list are in genres: 0 all alike, 1 nothing shared."),
    ("Popularity lift", "How much more popular listed movies are than those a person watched: 0 % is none."),
)  # fmt: skip
"""In plain words, for who meets them first here."""
LOGARITHMIC = {"recommend_ms_per_user", "fit_seconds", "model_bytes"}


@dataclass(frozen=True)
class Row:
    """A model."""

    rank: int
    model: str
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    config: dict[str, Any]

    def value(self, measure: Measure) -> float | None:
        """As it is shown."""
        found = self.metrics.get(measure.key)
        return None if found is None else found * measure.scale


@dataclass(frozen=True)
class Board:
    dataset: str
    best: str
    verdict: str
    built_at: str
    rows: tuple[Row, ...]
    """Best on validation first."""

    @property
    def built(self) -> datetime | None:
        try:
            found = datetime.fromisoformat(self.built_at)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def models(self) -> list[str]:
        return [row.model for row in self.rows]

    def measured(self, measures: Sequence[Measure]) -> list[Measure]:
        """Those that at least one model has."""
        return [m for m in measures if any(m.key in row.metrics for row in self.rows)]


@dataclass(frozen=True)
class Point:
    """A model in a trade-off."""

    model: str
    across: float
    up: float
    on_front: bool
    """No other model is better in one and at least as good in the other."""


def leaderboard(settings: Settings) -> Board | None:
    """None where no leaderboard was built yet."""
    path = settings.reports_dir / settings.dataset / "leaderboard.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(_row(row) for row in stored["models"])
        return Board(str(stored["dataset"]), str(stored["best"]), str(stored["verdict"]), str(stored["built_at"]), rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tradeoff(board: Board, across: Measure, up: Measure) -> list[Point]:
    """Every model that has both figures."""
    found = [
        (r.model, x, y) for r in board.rows if (x := r.value(across)) is not None and (y := r.value(up)) is not None
    ]
    sign = -1.0 if across.better == "lower" else 1.0

    def beaten(x: float, y: float) -> bool:
        return any(sign * a >= sign * x and b >= y and (a, b) != (x, y) for _, a, b in found)

    return [Point(model, x, y, not beaten(x, y)) for model, x, y in found]


def table_of(board: Board, section: Section) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a table of the report; models that have none of its figures are left out."""
    measures = board.measured(section.measures)
    rows = [
        [row.model, *(m.text(row.metrics.get(m.key)) for m in measures)]
        for row in board.rows
        if any(m.key in row.metrics for m in measures)
    ]
    return ["model", *(m.label for m in measures)], rows


def sections() -> tuple[Section, ...]:
    return (OVERVIEW, *SECTIONS)


def _row(stored: dict[str, Any]) -> Row:
    return Row(
        int(stored["rank"]),
        str(stored["model"]),
        {k: float(v) for k, v in stored["metrics"].items() if v is not None},
        {k: (float(v[0]), float(v[1])) for k, v in stored["intervals"].items()},
        dict(stored["config"]),
    )
