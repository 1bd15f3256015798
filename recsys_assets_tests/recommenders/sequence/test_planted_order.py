"""A circle of movies: only a model that reads the order knows the next one, and each of ours must."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recsys_assets.recommenders import Recommender, build
from recsys_assets_tests.recommenders.sequence.worlds import MOVIES, cyclic, next_of

SEQUENCE: dict[str, Any] = {
    "epochs": 12,
    "dim": 32,
    "window": 20,
    "learning_rate": 0.01,
    "warmup_steps": 10,
    "dropout": 0.1,
    "pipeline": {"batch_size": 8, "prefetch": 0},
}
PARTS = ("time_rating_lstm", "time_rating_content")
CONFIGS: dict[str, dict[str, Any]] = dict.fromkeys(("sasrec", "gru4rec", *PARTS), SEQUENCE) | {
    "time_rating_hybrid": {"part_configs": dict.fromkeys(PARTS, SEQUENCE)}
}


def found(model: Recommender, wanted: dict[int, int]) -> float:
    """Share of users whose next movie is ranked first."""
    top = model.recommend(np.array(list(wanted)), 1).movies[:, 0]
    return float((top == np.array(list(wanted.values()))).mean())


@pytest.mark.parametrize("name", CONFIGS)
def test_the_next_movie_of_the_circle_is_found(name: str) -> None:
    world = cyclic()
    model = build(name, CONFIGS[name]).fit(world.interactions, world.catalogue, seed=0)
    assert found(model, next_of(world)) > 0.95


def test_the_next_movie_is_found_among_samples_of_movies_too() -> None:
    world = cyclic()
    sampled = SEQUENCE | {"full_softmax_movies": 1, "negatives": 8, "epochs": 20, "patience": 20}
    model = build("sasrec", sampled).fit(world.interactions, world.catalogue, seed=0)
    assert found(model, next_of(world)) > 0.9


def test_it_is_found_without_a_start_from_cooccurrence() -> None:
    world = cyclic()
    model = build("gru4rec", SEQUENCE | {"initial_spread": 0.0, "epochs": 25, "patience": 25}).fit(
        world.interactions, world.catalogue
    )
    assert found(model, next_of(world)) > 0.9


@pytest.mark.parametrize("name", ["popularity", "content", "svd"])
def test_models_without_order_do_not_find_it(name: str) -> None:
    world = cyclic()
    assert found(build(name).fit(world.interactions, world.catalogue), next_of(world)) < 0.3


def test_a_newcomer_without_times_is_led_round_the_circle() -> None:
    import polars as pl

    world = cyclic()
    model = build("sasrec", SEQUENCE).fit(world.interactions, world.catalogue, seed=0)
    for last in (30, 200, MOVIES * 10):
        ratings = pl.DataFrame(
            {"movie_id": [(last - 30) % 300 + 10, (last - 20) % 300 + 10, last], "rating": [4.0] * 3}
        )
        assert model.fold_in(ratings, 1).movies[0, 0] == last % (MOVIES * 10) + 10


def test_the_last_movie_is_why_the_next_one_is_shown() -> None:
    world = cyclic()
    model = build("sasrec", SEQUENCE).fit(world.interactions, world.catalogue, seed=0)
    wanted = next_of(world)
    right = 0
    for user, movie in list(wanted.items())[:20]:
        told = [r for r in model.explain(user, movie).reasons if r.kind == "history"]
        right += told[0].movie_id == (movie - 20) % (MOVIES * 10) + 10
    assert right >= 18
