"""A small world in which agents can be trained and judged in seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.tastes import TasteConfig

GENRES = ("Comedy", "Drama", "Horror")


def small_world(
    *, users: int = 150, movies: int = 60, each: int = 24, seed: int = 3
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Interactions and catalogue: a third of the people loves each genre and dislikes the others."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(1, users + 1):
        popularity = 1.0 / (1 + np.arange(movies)) ** 0.5
        chosen = rng.choice(movies, each, replace=False, p=popularity / popularity.sum())
        for step, movie in enumerate(chosen):
            liked = movie % 3 == user % 3
            stars = (4.5 if liked else 2.5) + rng.choice([-0.5, 0.0, 0.5])
            rows.append((user, int(movie) + 1, stars, datetime(2020, 1, 1) + timedelta(days=user, minutes=step)))
    interactions = pl.DataFrame(rows, ["user_id", "movie_id", "rating", "timestamp"], orient="row").with_columns(
        pl.col("timestamp").cast(pl.Datetime("us"))
    )
    ids = list(range(1, movies + 1))
    catalogue = pl.DataFrame(
        {
            "movie_id": ids,
            "title": [f"Movie {i}" for i in ids],
            "year": [2000] * movies,
            "genres": [[GENRES[(i - 1) % 3]] for i in ids],
            "overview": [f"plot of {GENRES[(i - 1) % 3]} number {i % 7}" for i in ids],
            "keywords": [[] for _ in ids],
            "cast": [[] for _ in ids],
            "director": [None] * movies,
            "vote_count": [10] * movies,
            "vote_average": [6.0] * movies,
        },
        schema_overrides={"keywords": pl.List(pl.String), "cast": pl.List(pl.String), "director": pl.String},
    )
    return interactions, catalogue


@pytest.fixture(scope="session")
def setting() -> AgentSetting:
    config = SettingConfig(taste=TasteConfig(factors=3, rounds=20), text_width=4)
    return make_setting(*small_world(), config, seed=5)
