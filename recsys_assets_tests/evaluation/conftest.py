"""One small world of splits, and an evaluation of each model with known quality."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.training import Trained, train
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
