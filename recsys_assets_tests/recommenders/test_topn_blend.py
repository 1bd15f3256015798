from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_assets.recommenders import ModelError, build
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.hybrid_search import standardized_unseen
from recsys_assets_tests.recommenders.worlds import World

USERS = np.arange(101, 141)
FACTORS = {"factors": 8, "iterations": 5}


def fit(world: World, **config: Any) -> Any:
    parts = {"part_configs": {"ials": FACTORS}} if "parts" not in config else {}
    return build("topn_blend", parts | config).fit(world.interactions, world.catalogue, seed=0)


def test_scores_are_standardized_over_what_was_not_seen() -> None:
    seen = Histories(np.array([0, 2, 2]), np.array([1, 3], np.int32), np.zeros(2, np.float32), np.zeros(2, np.int64))
    scores = np.array([[1.0, 50.0, 3.0, 40.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0]], dtype=np.float32)
    found = standardized_unseen(scores, seen)
    np.testing.assert_allclose(found[0, [0, 2, 4]], np.array([-2, 0, 2]) / np.sqrt(8 / 3), rtol=1e-6)
    assert found[1].tolist() == [0] * 5


def test_given_weights_are_used_as_they_are_and_nothing_is_held_out(world: World) -> None:
    model = fit(world, weights=(2, 1, 1))
    assert model.weights.tolist() == [0.5, 0.25, 0.25]
    assert model.validation == {}
    expected = sum(
        w * standardized_unseen(part.scores(USERS), part.histories)
        for w, part in zip((0.5, 0.25, 0.25), model.parts.values(), strict=True)
    )
    np.testing.assert_allclose(model.scores(USERS), expected, atol=1e-4)


def test_chosen_weights_are_no_worse_on_validation_than_the_best_part(world: World) -> None:
    model = fit(world)
    assert model.weights.sum() == pytest.approx(1)
    best = max(v for name, v in model.validation.items() if name != "blend")
    assert model.validation["blend"] >= best


def test_parts_are_fitted_on_everything_in_the_end(world: World) -> None:
    model = fit(world)
    for name, part in model.parts.items():
        alone = build(name, part.config).fit(world.interactions, world.catalogue, seed=0)
        np.testing.assert_allclose(part.scores(USERS), alone.scores(USERS), atol=1e-5)


def test_a_part_of_weight_0_is_not_heard(world: World) -> None:
    model, alone = fit(world, weights=(1, 0, 0)), build("norm_ease").fit(world.interactions, world.catalogue, seed=0)
    np.testing.assert_array_equal(model.recommend(USERS, 5).movies, alone.recommend(USERS, 5).movies)


def test_the_reasons_name_movies_of_the_history(world: World) -> None:
    model = fit(world, weights=(1, 1, 1))
    told = model.explain(101, int(model.recommend(np.array([101]), 1).movies[0, 0]))
    assert {r.kind for r in told.reasons} == {"history", "part"}
    assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"parts": ["ease", "ease"]}, "must be different"),
        ({"parts": ["ease", "topn_blend"]}, "topn_blend can't be a part of itself"),
        ({"part_configs": {"svd": {}}}, "svd, not among the parts"),
        ({"weights": [1, 1]}, "one for each of 3 parts"),
        ({"weights": [0, 0, 0]}, "not all 0"),
    ],
)
def test_what_can_not_be_blended_is_refused(config: dict[str, Any], fault: str) -> None:
    with pytest.raises(ModelError, match=fault):
        build("topn_blend", config)


def test_a_world_of_one_rating_each_is_blended_evenly(world: World) -> None:
    single = world.interactions.unique("user_id", keep="first", maintain_order=True)
    model = fit(replace(world, interactions=single))
    assert model.validation == {}
    np.testing.assert_allclose(model.weights, 1 / 3)
