"""A registry in a store that is ready: MLflow takes two seconds to make one, so one is made and copied."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.recommenders import build
from recsys_assets.registry import Registry, RunRecord
from recsys_assets.registry.bootstrap import open_store
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.pictures import leave_undrawn


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """What a test writes need not outlive a power cut: commits do not wait for the disk."""
    from sqlalchemy import Engine, event

    def unsynchronized(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", unsynchronized)
    yield
    event.remove(Engine, "connect", unsynchronized)


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_undrawn(monkeypatch)


@pytest.fixture(scope="session")
def ready_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models folder of a deployment whose store has been set up and holds nothing."""
    root = tmp_path_factory.mktemp("store")
    settings = load_settings(data_dir=root / "data", models_dir=root / "models", dataset="synthetic")
    open_store(settings)
    return settings.models_dir


@pytest.fixture
def untouched(tmp_path: Path) -> Settings:
    """Settings of a deployment that has no store yet."""
    return load_settings(
        data_dir=tmp_path / "new" / "data", models_dir=tmp_path / "new" / "models", dataset="synthetic"
    )


@pytest.fixture
def settings(settings: Settings, ready_store: Path) -> Settings:
    """Settings of a deployment with a store of its own, a copy of the one that is ready."""
    shutil.copytree(ready_store, settings.models_dir, ignore=shutil.ignore_patterns("*.lock"))
    with closing(sqlite3.connect(settings.models_dir / "mlflow.db")) as con, con:
        places = con.execute("SELECT experiment_id, artifact_location FROM experiments").fetchall()
        moved = [(place.replace(ready_store.as_uri(), settings.models_dir.as_uri()), i) for i, place in places]
        con.executemany("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", moved)
    return settings


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
