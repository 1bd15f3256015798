"""A small world and every model fitted on it once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from recsys_assets.recommenders import MODELS, Recommender, build
from recsys_assets_tests.recommenders.worlds import World, two_tastes

SVD = {"factors": 8, "epochs": 150, "learning_rate": 0.02}
BAYES = {"factors": 3, "chains": 2, "draws": 30, "burn_in": 10, "kept_factors": 8, "moments": (86400, 600)}
FACTORS = {"factors": 8, "iterations": 5}
SEQUENCE = {"epochs": 3, "dim": 8, "window": 20, "pipeline": {"prefetch": 0}}
RECURRENT = SEQUENCE | {"hidden": 8}
QUICK: dict[str, dict[str, Any]] = {
    "svd": SVD,
    "svdpp": {"factors": 4, "epochs": 60, "learning_rate": 0.02, "regularization": 0.05},
    "biased_mf": SVD,
    "rating_knn": {"co_raters": 1.0, "moment_seconds": 0.5},
    "bayesian_fm": BAYES,
    "rating_blend": {
        "parts": {"bayes": "bayesian_fm", "mf": "biased_mf", "biases": "baseline"},
        "part_configs": {"bayes": BAYES | {"moments": [86400]}, "mf": SVD},
    },
    "ease": {"regularization": 20.0},
    "ials": FACTORS,
    "implicit_als": FACTORS,
    "topn_blend": {"part_configs": {"ials": FACTORS}},
    "sasrec": SEQUENCE,
    "gru4rec": RECURRENT,
    "time_rating_lstm": RECURRENT,
    "time_rating_content": RECURRENT,
    "time_rating_hybrid": {"part_configs": dict.fromkeys(("time_rating_lstm", "time_rating_content"), RECURRENT)},
    "hybrid": {"part_configs": {"biased_mf": SVD, "ials": FACTORS}},
    "switch": {"part_configs": {"ials": FACTORS}},
    "dqn_agent": {
        "setting": {"taste": {"factors": 2, "rounds": 10}, "text_width": 2, "temper": {"horizon": 5}},
        "dqn": {
            "steps": 512,
            "envs": 8,
            "learning_starts": 64,
            "evaluate_every": 256,
            "evaluation_seeds": 1,
            "batch_size": 32,
            "tuning": {"rounds": 1, "draws": 4, "seeds": 1},
            "network": {"trunk": [16], "width": 4, "psi": 8, "pair": 8, "shortlist": 10},
        },
        "sequence": {"width": 4, "fit": RECURRENT | {"epochs": 1}},
    },
    "ppo_agent": {
        "setting": {"taste": {"factors": 2, "rounds": 10}, "text_width": 2, "temper": {"horizon": 5}},
        "reward": {"folds": 2, "cuts": 1, "epochs": 1, "choices": {"sessions": 20}, "hidden": 8, "width": 2},
        "ppo": {
            "steps": 256,
            "envs": 16,
            "n_steps": 5,
            "batch_size": 40,
            "epochs": 1,
            "look_every": 2,
            "look_seeds": 1,
            "tuning": {"rounds": 1, "draws": 4, "seeds": 1},
            "network": {"trunk": [16], "width": 4, "psi": 8, "pair": 8, "shortlist": 10},
        },
        "update_steps": 80,
    },
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
