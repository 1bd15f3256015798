from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender, build
from recsys_assets_tests.recommenders.worlds import World

USERS = np.arange(101, 141)


def fit(name: str, world: World, **config: Any) -> Recommender:
    return build(name, config).fit(world.interactions, world.catalogue, seed=0)


def loss(model: Any, users: np.ndarray, movies: np.ndarray) -> float:
    """The objective in the module's docstring, written out."""
    config = model.config
    chosen = model.histories.matrix(len(model.movies)).toarray() > 0
    scores = users @ movies.T
    ridge = [
        config.regularization
        * (chosen.sum(axis=axis) + config.unobserved * chosen.shape[axis]) ** config.frequency_power
        for axis in (1, 0)
    ]
    fitted = ((1 - scores[chosen]) ** 2).sum() + config.unobserved * (scores**2).sum()
    return float(fitted + ridge[0] @ (users**2).sum(axis=1) + ridge[1] @ (movies**2).sum(axis=1))


def test_no_small_step_makes_the_objective_smaller(world: World) -> None:
    model: Any = fit("ials", world, factors=4, iterations=60, steps=0, half_life=None, rating_weight=0.0)
    users, movies = model.user_factors.astype(np.float64), model.movie_factors.astype(np.float64)
    least = loss(model, users, movies)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = [1e-3 * rng.standard_normal(f.shape) for f in (users, movies)]
        assert loss(model, users + step[0], movies + step[1]) > least - 1e-3


def test_conjugate_gradients_reach_what_exact_solutions_reach(world: World) -> None:
    exact, quick = (fit("ials", world, factors=4, iterations=30, steps=steps) for steps in (0, 3))
    np.testing.assert_allclose(quick.scores(USERS), exact.scores(USERS), atol=0.03)


@pytest.mark.parametrize(
    ("name", "config"), [("ials", {"rating_weight": 0.2, "half_life": 3.0, "iterations": 5}), ("implicit_als", {})]
)
def test_a_newcomer_with_the_ratings_of_a_known_user_is_scored_as_they_are(
    name: str, config: dict[str, Any], world: World
) -> None:
    """Exact for iALS, whose users are solved last; the library stops a little short of the solution."""
    model = fit(name, world, factors=6, **config)
    own = world.interactions.filter(pl.col("user_id") == 103).select("movie_id", "rating", "timestamp")
    known = model.recommend(np.array([103]), 5, exclude="nothing")
    new = model.fold_in(own, 5, exclude="nothing")
    np.testing.assert_allclose(new.scores, known.scores, atol=1e-4 if name == "ials" else 0.05)


def test_the_rating_weight_tells_liked_from_disliked(world: World) -> None:
    ratings = pl.DataFrame({"movie_id": [10, 20, 30, 40], "rating": [5.0, 1.0, 5.0, 1.0]})
    model = fit("ials", world, factors=8, rating_weight=0.5)
    assert (model.fold_in(ratings, 5).movies[0] // 10 % 2 == 1).mean() >= 0.8


@pytest.mark.parametrize("name", ["ials", "implicit_als"])
def test_movies_nobody_rated_have_no_factors_and_the_score_0(name: str, world: World) -> None:
    model: Any = fit(name, world, factors=6)
    assert np.abs(model.movie_factors[-2:]).max() < 1e-6
    assert np.abs(model.scores(USERS)[:, -2:]).max() < 1e-6
