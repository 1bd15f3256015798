"""A setting of sixty planted people, small enough to train in for seconds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.setting import AgentSetting, SettingConfig, make_setting
from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.tastes import TasteConfig


@pytest.fixture(scope="session")
def setting() -> AgentSetting:
    """People of two tastes: each rates its own genre high and the other low."""
    rng = np.random.default_rng(5)
    people, movies = 90, 60
    genre = np.arange(movies) % 3
    rated = rng.random((people, movies)) < 0.4
    users, items = np.nonzero(rated)
    stars = np.where(genre[items] == users % 2, 4.5, 2.5) + rng.normal(0, 0.3, len(users))
    ratings = pl.DataFrame(
        {
            "user_id": users + 1,
            "movie_id": items + 1,
            "rating": np.clip(np.round(stars * 2) / 2, 0.5, 5.0),
            "timestamp": np.arange(len(users)) * 1_000_000,
        },
        schema_overrides={"timestamp": pl.Datetime("us")},
    )
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(1, movies + 1),
            "title": [f"movie {i}" for i in range(movies)],
            "genres": [["Action", "Drama", "Comedy"][g : g + 1] for g in genre],
        }
    )
    config = SettingConfig(taste=TasteConfig(factors=2, rounds=10), temper=Temper(horizon=8), text_width=2)
    return make_setting(ratings, catalogue, config, seed=3)
