"""One small world of splits, and an evaluation of each model with known quality."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.training import Trained, train
from recsys_assets.features.splits import make_splits
from recsys_assets.recommenders import Recommender
from recsys_assets_tests.evaluation.worlds import Chance, Mean, catalogue_of, oracle_of, splits_of


@pytest.fixture(scope="session")
def splits() -> pl.DataFrame:
    return splits_of()


@pytest.fixture(scope="session")
def catalogue() -> pl.DataFrame:
    return catalogue_of(50)


@pytest.fixture(scope="session")
def trained(splits: pl.DataFrame, catalogue: pl.DataFrame) -> dict[str, Trained]:
    """Oracle, chance and mean put through everything."""
    makers: dict[str, Callable[[], Recommender]] = {"oracle": lambda: oracle_of(splits), "chance": Chance, "mean": Mean}
    return {
        name: train(name, make, splits, catalogue, seed=3, dataset="tiny", data_version="d1", split_version="s1")
        for name, make in makers.items()
    }


@pytest.fixture(scope="session")
def evaluations(trained: dict[str, Trained]) -> dict[str, Evaluation]:
    return {name: result.evaluation for name, result in trained.items()}


@pytest.fixture(scope="session")
def published(mirror: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Splits and catalogue of ml-latest-small."""
    with zipfile.ZipFile(mirror / "movielens" / "ml-latest-small.zip") as archive:
        ratings = pl.read_csv(io.BytesIO(archive.read("ml-latest-small/ratings.csv")))
        movies = pl.read_csv(io.BytesIO(archive.read("ml-latest-small/movies.csv")))
    interactions = ratings.select(
        user_id="userId",
        movie_id="movieId",
        rating=pl.col("rating").cast(pl.Float32),
        timestamp=pl.from_epoch("timestamp", time_unit="s"),
    )
    catalogue = movies.select(
        movie_id="movieId", title="title", year=pl.lit(None, pl.Int32), genres=pl.col("genres").str.split("|")
    )
    return make_splits(interactions, seed=20261123), catalogue
