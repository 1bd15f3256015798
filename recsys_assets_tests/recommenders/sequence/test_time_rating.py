"""The content model reaches movies nobody rated; the hybrid leans on the part that knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets_tests.recommenders.sequence.worlds import MOVIES, cyclic
from recsys_assets_tests.recommenders.worlds import World, two_tastes

PART: dict[str, Any] = {
    "epochs": 8,
    "dim": 16,
    "hidden": 16,
    "window": 20,
    "learning_rate": 0.01,
    "warmup_steps": 10,
    "pipeline": {"batch_size": 4, "prefetch": 0},
}
PARTS = ("time_rating_lstm", "time_rating_content")


def hybrid(world: World) -> Any:
    return build("time_rating_hybrid", {"part_configs": dict.fromkeys(PARTS, PART)}).fit(
        world.interactions, world.catalogue, seed=1
    )


def test_of_two_movies_nobody_rated_the_related_one_wins() -> None:
    world = two_tastes()
    own = (pl.col("movie_id") // 10 % 2) == (pl.col("user_id") % 2)
    model: Recommender = build("time_rating_content", PART).fit(world.interactions.filter(own), world.catalogue)
    users = np.arange(101, 141)
    scores = model.scores(users)
    odd, even = (scores[:, model.movies.index(np.array([m]))[0]] for m in (390, 400))
    assert ((odd > even) == (users % 2 == 1)).mean() > 0.95


def test_the_hybrid_is_on_validation_no_worse_than_either_part() -> None:
    model = hybrid(two_tastes())
    assert set(model.validation) == {*PARTS, "blend"}
    assert model.validation["blend"] >= max(model.validation[p] for p in PARTS)
    assert model.weights.sum() == pytest.approx(1)


def test_the_hybrid_leans_on_order_where_descriptions_say_nothing() -> None:
    world = cyclic()
    blank = world.catalogue.with_columns(
        year=pl.lit(1990), genres=pl.lit(["Drama"]), keywords=pl.lit([], pl.List(pl.String))
    )
    model = hybrid(World(world.interactions, blank))
    assert model.weights[0] > 0.6
    assert model.validation["time_rating_lstm"] > 1.5 * model.validation["time_rating_content"]


def test_each_part_was_validated_on_the_same_unseen_movies() -> None:
    model = hybrid(cyclic())
    for name, part in model.parts.items():
        assert max(part.curves.validation_ndcg) == pytest.approx(model.validation[name], abs=1e-6)
    assert list(model.training_curves()) == list(PARTS)


def test_configs_that_cannot_work_are_refused_with_the_reason() -> None:
    with pytest.raises(ModelError, match="multiple of heads, found dim 10 and 4 heads"):
        build("sasrec", {"dim": 10, "heads": 4})
    with pytest.raises(ModelError, match="part_configs names sasrec, not among the parts, which are time_rating_lstm"):
        build("time_rating_hybrid", {"part_configs": {"sasrec": {}}})


def test_similar_movies_are_alike_in_what_they_are() -> None:
    world = cyclic()
    movies, _ = hybrid(world).similar(world.catalogue["movie_id"].to_numpy(), 4)
    place = np.arange(MOVIES)[:, None]
    near = np.abs((movies // 10 - 1) - place)
    assert np.median(near) <= 5
