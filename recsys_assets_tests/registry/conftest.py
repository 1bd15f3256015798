from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.recommenders import build
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.settings import Settings


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return Registry(settings)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., RunRecord]:
    """A training's record; `favourite` is the movie everyone rates best."""

    def make(run_id: str = "run", favourite: int = 1, *, ratings_version: str = "r1", ndcg: float = 0.1) -> RunRecord:
        folder = tmp_path / f"{run_id}-{favourite}"
        start = datetime(2020, 1, 1)
        ratings = pl.DataFrame(
            {
                "user_id": [u for u in range(1, 7) for _ in range(3)],
                "movie_id": [1, 2, 3] * 6,
                "rating": [5.0 if m == favourite else 2.0 for _ in range(6) for m in (1, 2, 3)],
                "timestamp": [start + timedelta(days=d) for d in range(18)],
            }
        )
        catalogue = pl.DataFrame(
            {"movie_id": [1, 2, 3], "title": ["A", "B", "C"], "year": [1990, 1991, None], "genres": [["Drama"]] * 3}
        )
        model = build("popularity").fit(ratings, catalogue)
        for part in ("holdout", "serving"):
            if not (folder / part).exists():
                model.save(folder / part, extra={"data_version": "d1", "ratings_version": ratings_version})
        return RunRecord(
            model="popularity",
            run_id=run_id,
            config=model.config.model_dump(mode="json"),
            metrics={"temporal_validation_ndcg_at_10": ndcg},
            tags={"ratings_version": ratings_version},
            figures={"quality": b"\x89PNG"},
            documents={"evaluation.json": "{}"},
            holdout=folder / "holdout",
            serving=folder / "serving",
        )

    return make
