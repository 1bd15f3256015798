from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender, build, user_kernel
from recsys_assets_tests.recommenders.worlds import World

USERS = np.arange(101, 141)
CONFIG = {
    "sharpness": 3.0,
    "regularization": 0.4,
    "movie_power": 0.2,
    "popularity_power": 0.1,
    "half_life": None,
    "rating_weight": 0.0,
}


def fit(world: World, **config: Any) -> Recommender:
    return build("user_kernel", CONFIG | config).fit(world.interactions, world.catalogue, seed=0)


def by_hand(x: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """k(asked, x) (K + lambda I)^-1 x n^c."""
    counts = x.sum(axis=0)
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x * counts**-0.2, asked * counts**-0.2)]
    kernel = np.exp(3.0 * (unit[0] @ unit[0].T - 1)) + 0.4 * np.eye(len(x))
    return np.exp(3.0 * (unit[1] @ unit[0].T - 1)) @ np.linalg.solve(kernel, x) * counts**0.1


def test_it_is_kernel_ridge_regression(world: World) -> None:
    model = fit(world)
    x = (model.histories.matrix(40).toarray() > 0).astype(np.float64)[:, :38]
    assert x.any(axis=0).all()
    np.testing.assert_allclose(model.scores(USERS)[:, :38], by_hand(x, x), atol=1e-4)


@pytest.mark.parametrize("block", [1 << 24, 100])
def test_users_who_were_not_drawn_and_newcomers_are_scored_by_the_same_formula(
    world: World, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_kernel, "BLOCK_ELEMENTS", block)
    model: Any = fit(world, max_users=25)
    assert len(model.drawn) == 25
    x = (model.histories.matrix(40).toarray() > 0).astype(np.float64)[:, :38]
    counts = np.bincount(model.histories.movies, minlength=40)[:38]
    drawn = x[model.drawn]
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (drawn * counts**-0.2, x * counts**-0.2)]
    kernel = np.exp(3.0 * (unit[0] @ unit[0].T - 1)) + 0.4 * np.eye(25)
    expected = np.exp(3.0 * (unit[1] @ unit[0].T - 1)) @ np.linalg.solve(kernel, drawn) * counts**0.1
    np.testing.assert_allclose(model.scores(USERS)[:, :38], expected, atol=1e-4)
    stranger = next(u for u in USERS if u - 101 not in model.drawn)
    own = world.interactions.filter(pl.col("user_id") == stranger).select("movie_id", "rating", "timestamp")
    known = model.recommend(np.array([stranger]), 5)
    new = model.fold_in(own, 5)
    np.testing.assert_array_equal(new.movies, known.movies)
    np.testing.assert_allclose(new.scores, known.scores, atol=1e-5)


def test_it_learns_what_no_weights_between_movies_can() -> None:
    """Movie 3 goes to those who chose exactly one of 1 and 2: not a sum of what either says."""
    rows = []
    for user in range(120):
        first, second = user % 2, user // 2 % 2
        chosen = [1] * first + [2] * second + [3] * (first != second) + [4, 5]
        rows += [(user, movie) for movie in chosen]
    interactions = pl.DataFrame(rows, schema=["user_id", "movie_id"], orient="row").with_columns(
        rating=pl.lit(4.0), timestamp=pl.lit(0).cast(pl.Datetime("us", "UTC"))
    )
    catalogue = pl.DataFrame({"movie_id": range(1, 6)}).with_columns(
        title=pl.lit("x"), year=pl.lit(1990), genres=pl.lit([], pl.List(pl.String))
    )

    def of_3(name: str, config: dict[str, Any], *chosen: int) -> float:
        model = build(name, config).fit(interactions, catalogue, seed=0)
        history = pl.DataFrame({"movie_id": [*chosen, 4, 5], "rating": [4.0] * (len(chosen) + 2)})
        answer = model.fold_in(history, 5, exclude="nothing")
        return float(answer.scores[0, answer.movies[0].tolist().index(3)])

    sharp = {"sharpness": 10.0, "regularization": 0.1, "movie_power": 0.0, "popularity_power": 0.0}
    one, both = of_3("user_kernel", sharp, 1), of_3("user_kernel", sharp, 1, 2)
    assert one > 2 * both
    ease = {"regularization": 1.0, "rating_weight": 0.0}
    assert of_3("ease", ease, 1, 2) > of_3("ease", ease, 1) - 0.05


def test_a_history_of_unkept_movies_gets_the_fallback(world: World) -> None:
    model = fit(world, max_movies=5)
    other = next(int(m) for i, m in enumerate(model.movies.values) if i not in model.kept)  # type: ignore[attr-defined]
    lone = pl.DataFrame({"movie_id": [other], "rating": [5.0]})
    best = model.recommend(np.array([999]), 3).movies[0].tolist()
    assert model.fold_in(lone, 3, exclude="nothing").movies[0].tolist() == best
