"""RatingBlend: what its weights are chosen on, that they are the best, and when which are used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.baseline import Baseline
from recsys_assets.recommenders.biased_mf import BiasedMf
from recsys_assets.recommenders.rating_blend import RatingBlend, stack
from recsys_assets_tests.recommenders.conftest import SVD
from recsys_assets_tests.recommenders.worlds import World

Fit = Callable[[str], Recommender]
PARTS = {"mf": "biased_mf", "biases": "baseline"}
LIGHT = {"parts": PARTS, "part_configs": {"mf": SVD}}


@pytest.fixture(scope="module")
def blend(fitted: Fit) -> RatingBlend:
    model = fitted("rating_blend")
    assert isinstance(model, RatingBlend)
    return model


def test_weights_are_chosen_on_ratings_that_no_part_was_fitted_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First every part is fitted on all but a tenth, and predicts that tenth; then on everything."""
    fitted_on: list[set[tuple[int, int]]] = []
    asked: list[set[tuple[int, int]]] = []
    fit, predict = Baseline._fit, BiasedMf._predict

    def listening_fit(self, data):  # type: ignore[no-untyped-def]
        fitted_on.append(set(zip(data.histories.rows.tolist(), data.histories.movies.tolist(), strict=True)))
        fit(self, data)

    def listening_predict(self, users, movies, at):  # type: ignore[no-untyped-def]
        asked.append(set(zip(users.tolist(), movies.tolist(), strict=True)))
        return predict(self, users, movies, at)

    monkeypatch.setattr(Baseline, "_fit", listening_fit)
    monkeypatch.setattr(BiasedMf, "_predict", listening_predict)
    build("rating_blend", LIGHT).fit(world.interactions, world.catalogue, seed=7)
    assert [len(pairs) for pairs in fitted_on] == [len(fitted_on[1]) - len(asked[0]), len(world.interactions)]
    assert asked[0] == asked[1] == fitted_on[1] - fitted_on[0]
    assert len(asked[0]) == len(world.interactions) // 10


def test_stacking_is_the_optimum_of_its_objective() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 1, 200)
    told = truth[:, None] + rng.normal(0.3, [0.5, 0.8, 2.0], (200, 3))
    weights, constant = stack(told, truth)

    def objective(w: np.ndarray, c: float) -> float:
        return float(((truth - told @ w - c) ** 2).sum() + ((w - 1 / 3) ** 2).sum())

    best = objective(weights, constant)
    steps = 1e-3 * rng.standard_normal((50, 4))
    assert all(best < objective(weights + s[:3], constant + s[3]) for s in steps)
    assert weights[0] > weights[1] > weights[2]


def test_one_rating_cannot_be_held_out_so_parts_weigh_the_same() -> None:
    weights, constant = stack(np.array([[3.0, 4.0]]), np.array([3.5]))
    assert weights.tolist() == [0.5, 0.5]
    assert constant == pytest.approx(0)


def test_a_prediction_is_the_weighted_sum_of_its_parts(blend: RatingBlend) -> None:
    """With one weighting up to the user's last rating, and another after it."""
    users, movies = np.repeat(np.arange(101, 111), 4), np.tile([10, 20, 390, 999], 10)
    last = np.repeat([blend.histories.take(np.array([u])).timestamps.max() for u in range(10)], 4)
    u, m = blend.users.index(users), blend.movies.index(movies)
    for time, at in ((0, last), (0, last - 50), (1, last + 1)):
        parts = np.column_stack([p._predict(u, m, at) for p in blend.parts.values()])
        expected = parts @ blend.weights[time] + blend.constants[time]
        np.testing.assert_allclose(blend.predict(users, movies, at=at), np.clip(expected, 0.5, 5), atol=1e-4)
    np.testing.assert_array_equal(blend.predict(users, movies), blend.predict(users, movies, at=last))


def test_on_the_held_out_tenth_the_blend_is_no_worse_than_its_best_part(blend: RatingBlend) -> None:
    errors = dict(blend.validation)
    assert errors.pop("blend") < min(errors.values()) + 0.005


def test_parts_are_in_the_order_of_their_names_however_they_are_given(world: World) -> None:
    told = [
        build("rating_blend", LIGHT | {"parts": dict(order)}).fit(world.interactions, world.catalogue, seed=1)
        for order in (PARTS.items(), reversed(PARTS.items()))
    ]
    np.testing.assert_array_equal(told[0].scores(np.array([101])), told[1].scores(np.array([101])))


def test_what_is_found_on_validation_is_saved(blend: RatingBlend, tmp_path) -> None:  # type: ignore[no-untyped-def]
    blend.save(tmp_path / "export")
    loaded = RatingBlend.load(tmp_path / "export")
    assert loaded.validation == blend.validation
    users, movies = np.array([101, 102, 999]), np.array([390, 10, 20])
    at = np.array([10**9, 4 * 10**9, 0])
    np.testing.assert_array_equal(loaded.predict(users, movies, at=at), blend.predict(users, movies, at=at))


def test_parts_that_predict_no_ratings_and_blends_of_blends_are_refused() -> None:
    with pytest.raises(ModelError, match="'taste' of the rating_blend is a content"):
        build("rating_blend", {"parts": PARTS | {"taste": "content"}})
    with pytest.raises(ModelError, match="rating_blend can't be a part of itself"):
        build("rating_blend", {"parts": PARTS | {"more": "rating_blend"}})
    with pytest.raises(ModelError, match="names taste, not among the parts"):
        build("rating_blend", {"parts": PARTS, "part_configs": {"taste": {}}})


def test_a_strong_part_is_leaned_on(world: World) -> None:
    """Among two tastes the factors know everything, the biases nothing."""
    model = build("rating_blend", LIGHT).fit(world.interactions, world.catalogue, seed=7)
    assert isinstance(model, RatingBlend)
    weights = dict(zip(model.parts, model.weights[0].tolist(), strict=True))
    assert weights["mf"] > 0.7
