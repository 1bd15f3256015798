"""A small world and every model fitted on it once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from recsys_assets.recommenders import MODELS, Recommender, build
from recsys_assets_tests.recommenders.worlds import World, two_tastes

SVD = {"factors": 8, "epochs": 150, "learning_rate": 0.02}
FACTORS = {"factors": 8, "iterations": 5}
QUICK: dict[str, dict[str, Any]] = {
    "svd": SVD,
    "svdpp": {"factors": 4, "epochs": 60, "learning_rate": 0.02, "regularization": 0.05},
    "biased_mf": SVD,
    "bayesian_fm": {"factors": 3, "draws": 60, "burn_in": 10, "kept_factors": 8},
    "ease": {"regularization": 20.0},
    "ials": FACTORS,
    "implicit_als": FACTORS,
    "topn_blend": {"part_configs": {"ials": FACTORS}},
    "hybrid": {"part_configs": {"svd": SVD}},
    "switch": {"part_configs": {"svd": SVD}},
}
"""Sizes fit for a world of 40 movies."""


@pytest.fixture(scope="session")
def world() -> World:
    return two_tastes()


@pytest.fixture(scope="session")
def fit(world: World) -> Callable[[str], Recommender]:
    """A fresh model by name, fitted on `world`."""
    return lambda name: build(name, QUICK.get(name)).fit(world.interactions, world.catalogue, seed=7)


@pytest.fixture(scope="session")
def fitted(fit: Callable[[str], Recommender]) -> Callable[[str], Recommender]:
    """As `fit`, but the same model each time: for tests that only ask."""
    return cache(fit)


@pytest.fixture(params=sorted(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(name: str, fitted: Callable[[str], Recommender]) -> Recommender:
    return fitted(name)
