"""Svdpp against Surprise's own estimate, and its fold-in against its objective."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender
from recsys_assets.recommenders.svdpp import Svdpp
from recsys_assets_tests.recommenders.worlds import World, two_tastes

Fit = Callable[[str], Recommender]


@pytest.fixture(scope="module")
def svdpp(fitted: Fit) -> Svdpp:
    model = fitted("svdpp")
    assert isinstance(model, Svdpp)
    return model


def test_predictions_are_those_of_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Surprise's fitted algorithm estimates itself, from its own p, q and y."""
    from surprise import SVDpp

    kept: list[SVDpp] = []
    fit = SVDpp.fit
    monkeypatch.setattr(SVDpp, "fit", lambda self, data: (fit(self, data), kept.append(self)))
    world = two_tastes(users=12, movies=10)
    ours = Svdpp(Svdpp.Config(factors=3, epochs=4)).fit(world.interactions, world.catalogue, seed=5)
    theirs = kept[0]
    theirs.trainset.knows_user = theirs.trainset.knows_item = lambda _: True
    pairs = [(u, i) for u in range(len(ours.users)) for i in np.unique(ours.histories.movies).tolist()]
    expected = np.clip([theirs.estimate(u, i) for u, i in pairs], 0.5, 5)
    users, movies = np.array(pairs).T
    np.testing.assert_allclose(ours.predict(ours.users.values[users], ours.movies.values[movies]), expected, atol=1e-5)


def test_a_newcomer_is_the_ridge_solution_beside_the_y_of_their_movies(svdpp: Svdpp) -> None:
    """The optimum of the stated objective: no small step of (b, p) lowers it."""
    movies, ratings = np.array([0, 3, 5, 8]), np.array([5.0, 1.5, 4.0, 2.0])
    bias, factors = svdpp._fold_in(
        svdpp.history_of(pl.DataFrame({"movie_id": svdpp.movies.values[movies], "rating": ratings}))
    )
    watched = svdpp.implicit_factors[movies].sum(axis=0) / np.sqrt(4)
    best = np.concatenate([bias, factors[0] - watched])

    def objective(x: np.ndarray) -> float:
        taste = svdpp.movie_factors[movies] @ (x[1:] + watched)
        error = ratings - svdpp.mean - svdpp.movie_bias[movies] - x[0] - taste
        return float((error**2).sum() + svdpp.config.regularization * len(movies) * (x**2).sum())

    rng = np.random.default_rng(0)
    assert all(objective(best) < objective(best + 1e-3 * rng.standard_normal(len(best))) for _ in range(50))


def test_users_outside_the_sample_are_answered_by_their_own_taste(world: World, svdpp: Svdpp) -> None:
    """A quarter of the ratings is trained on; users left out still get their own block's movies."""
    config = svdpp.config.model_copy(update={"max_ratings": len(world.interactions) // 4, "regularization": 0.02})
    model = Svdpp(config).fit(world.interactions, world.catalogue, seed=7)
    shown = model.recommend(model.users.values, 5).movies
    own = (shown // 10) % 2 == (model.users.values % 2)[:, None]
    assert own.mean() > 0.9
