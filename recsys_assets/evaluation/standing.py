"""Where a figure stands beside the best one of the published leaderboard."""

from __future__ import annotations

import json
from dataclasses import dataclass

from recsys_assets.evaluation.measured import Measured
from recsys_assets.evaluation.report_sections import Measure
from recsys_assets.settings import Settings


@dataclass(frozen=True)
class Standing:
    """The leaderboard's best model by one figure; `behind` is how much worse the measured one is, negative: better."""

    measure: Measure
    best_model: str
    best: float
    behind: float
    same_terms: bool
    """Measured on the same seed; else only roughly comparable."""

    def sentence(self, model: str) -> str:
        apart = (
            "level with"
            if self.behind == 0
            else f"{abs(self.behind):.4f} {'behind' if self.behind > 0 else 'ahead of'}"
        )
        terms = "" if self.same_terms else "; measured under other seeds, so only roughly comparable"
        best = f"{self.best_model}, the leaderboard's best at {self.measure.label} ({self.best:.4f})"
        return f"{model} is {apart} {best}{terms}."


def standing(settings: Settings, measured: Measured, key: str) -> Standing | None:
    """None where the data set has no leaderboard, or one without this figure."""
    path = settings.reports_dir / settings.dataset / "leaderboard.json"
    figure = next((f for f in measured.figures if f.measure.key == key), None)
    if figure is None or not path.exists():
        return None
    rows = json.loads(path.read_text(encoding="utf-8"))["models"]
    known = {row["model"]: (row["metrics"].get(f"{measured.protocol}_{key}"), row["seed"]) for row in rows}
    sign = -1 if figure.measure.better == "lower" else 1
    best = max(
        ((sign * value, model, seed) for model, (value, seed) in known.items() if value is not None), default=None
    )
    if best is None:
        return None
    value = sign * best[0]
    return Standing(figure.measure, best[1], value, sign * (value - figure.value), measured.seeds == (best[2],))
