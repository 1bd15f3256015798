"""A deployment of two tastes, small enough to fit in milliseconds: even users love comedies, odd ones dramas."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from recsys_assets.atomic import point_to
from recsys_assets.recommenders import Recommender, build
from recsys_assets.registry.export import write_default
from recsys_assets.settings import Settings, load_settings

USERS, MOVIES = 40, 24
COMEDY, DRAMA = "Comedy", "Drama"
CATALOGUE = pl.DataFrame(
    {
        "movie_id": range(1, MOVIES + 1),
        "title": [
            *("Toy Story", "Heat", "Amélie", "The Matrix", "Jumanji", "Casino", "Se7en", "Babe", "Fargo", "Alien"),
            *(f"Untitled {n}" for n in range(11, MOVIES + 1)),
        ],
        "year": [*range(1980, 1980 + MOVIES - 1), None],
        "genres": [[COMEDY] if movie % 2 == 0 else [DRAMA] for movie in range(1, MOVIES + 1)],
    },
    schema_overrides={"year": pl.Int64},
)


def ratings(*, favourite: int = 1) -> pl.DataFrame:
    """Everyone rated 12 of the 24, those of their taste 4 and up; `favourite` is what all rate best."""
    start = datetime(2020, 1, 1)
    rows = [
        (user, movie, stars(user, movie, favourite), start + timedelta(days=user, minutes=n))
        for user in range(1, USERS + 1)
        for n, movie in enumerate(sorted({1 + (user * 7 + 5 * step) % MOVIES for step in range(12)} | {favourite}))
    ]
    return pl.DataFrame(rows, ["user_id", "movie_id", "rating", "timestamp"], orient="row")


def stars(user: int, movie: int, favourite: int) -> float:
    if movie == favourite:
        return 5.0
    return 4.0 + 0.5 * (movie % 3 == 0) if movie % 2 == user % 2 else 1.5


def fitted(model: str, *, favourite: int = 1, config: dict[str, Any] | None = None) -> Recommender:
    return build(model, config).fit(ratings(favourite=favourite), CATALOGUE, seed=1)


def export(folder: Path, model: Recommender, version: int) -> Path:
    """As the registry does it: a whole directory, then a link that is moved in one step."""
    at = folder / ".versions" / model.name / str(version)
    model.save(at, extra={"data_version": f"d{version}", "ratings_version": f"r{version}"})
    point_to(folder / model.name, at)
    return at


def deployment(root: Path, *models: str, default: str = "item_knn") -> Settings:
    """Of a test's own, below `root`, with champions of `models`."""
    settings = load_settings(data_dir=root / "data", models_dir=root / "models", dataset="synthetic")
    deploy(settings, *models, default=default)
    return settings


def deploy(settings: Settings, *models: str, default: str = "item_knn") -> None:
    """Champions of `models`, version 1 each."""
    for model in models or ("popularity", "content", "item_knn", "biased_mf"):
        export(settings.champion_dir, fitted(model), 1)
    write_default(settings, default, "for tests")
