"""EASE, its normalized form and item-kNN against brute force and identities."""

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


def choices(model: Recommender) -> np.ndarray:
    """X (users, movies), in float64."""
    return (model.histories.matrix(len(model.movies)).toarray() > 0).astype(np.float64)


def ease_by_hand(z: np.ndarray, ridge: float) -> np.ndarray:
    precision = np.linalg.inv(z.T @ z + ridge * np.eye(z.shape[1]))
    return np.eye(z.shape[1]) - precision / np.diag(precision)


def test_ease_is_the_published_formula(world: World) -> None:
    model = fit("ease", world, regularization=5.0, half_life=None, rating_weight=0.0)
    x = choices(model)
    rated = x.any(axis=0)
    expected = x[:, rated] @ ease_by_hand(x[:, rated], 5.0)
    np.testing.assert_allclose(model.scores(USERS)[:, rated], expected, atol=1e-4)


def test_norm_ease_is_ease_on_the_normalized_matrix(world: World) -> None:
    powers = {"user_power": 0.4, "movie_power": 0.3, "popularity_power": 0.3, "diagonal_power": 1.0}
    model = fit("norm_ease", world, regularization=0.7, half_life=None, rating_weight=0.0, **powers)
    x = choices(model)
    rated = x.any(axis=0)
    x = x[:, rated]
    z = x.sum(axis=1, keepdims=True) ** -0.4 * x * x.sum(axis=0) ** -0.3
    expected = z @ ease_by_hand(z, 0.7) * x.sum(axis=0) ** 0.3
    np.testing.assert_allclose(model.scores(USERS)[:, rated], expected, atol=1e-4)


def test_norm_ease_without_normalization_is_ease(world: World) -> None:
    none = {"user_power": 0.0, "movie_power": 0.0, "popularity_power": 0.0, "diagonal_power": 1.0}
    shared = {"regularization": 5.0, "half_life": 2.0, "rating_weight": 0.3}
    norm = fit("norm_ease", world, **shared, **none)
    np.testing.assert_allclose(norm.scores(USERS), fit("ease", world, **shared).scores(USERS), atol=1e-4)


def test_norm_ease_without_its_diagonal_is_ease_between_users(world: World) -> None:
    """Of movies a user has not seen: equal up to a factor of the user."""
    none = {"user_power": 0.0, "movie_power": 0.0, "popularity_power": 0.0, "diagonal_power": 0.0}
    model = fit("norm_ease", world, regularization=5.0, half_life=None, rating_weight=0.0, **none)
    x = choices(model)
    rated = x.any(axis=0)
    between = ease_by_hand(x.T, 5.0).T @ x
    for row, scores in enumerate(model.scores(USERS)):
        unseen = rated & (x[row] == 0)
        ratio = scores[unseen] / between[row, unseen]
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-2)


def test_item_knn_is_the_published_formula(world: World) -> None:
    k, shrinkage, prior = 7, 3.0, 0.01
    bare = {"half_life": None, "rating_weight": 0.0}
    model = fit("item_knn", world, neighbours=k, shrinkage=shrinkage, prior=prior, **bare)
    x = choices(model)
    counts = x.sum(axis=0)
    similar = x.T @ x / (np.sqrt(np.outer(counts, counts)) + shrinkage)
    np.fill_diagonal(similar, 0)
    edge = np.sort(similar, axis=0)[-k]
    expected = x @ np.where(similar >= edge - 1e-12, similar, 0) + prior * counts / counts.max()
    rated = counts > 0
    np.testing.assert_allclose(model.scores(USERS)[:, rated], expected[:, rated], atol=1e-5)


@pytest.mark.parametrize("name", ["item_knn", "ease", "norm_ease"])
def test_beyond_the_cap_movies_come_last_and_a_history_of_them_alone_gets_the_fallback(name: str, world: World) -> None:
    model = fit(name, world, max_movies=10)
    counts = np.bincount(model.histories.movies, minlength=len(model.movies))
    top = set(model.movies.values[np.argsort(-counts, kind="stable")[:10]].tolist())
    shown = model.recommend(USERS, 40, exclude="nothing").movies
    assert all(set(row[:10].tolist()) == top for row in shown)
    other = next(int(m) for m in model.movies.values if m not in top)
    lone = pl.DataFrame({"movie_id": [other], "rating": [5.0]})
    assert (
        model.fold_in(lone, 3, exclude="nothing").movies[0].tolist()
        == model.recommend(np.array([999]), 3).movies[0].tolist()
    )
    told = model.explain_fold_in(lone, 10)
    assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)


@pytest.mark.parametrize("name", ["item_knn", "ease", "norm_ease", "ials", "implicit_als"])
def test_movies_are_similar_to_those_of_their_block(name: str, world: World) -> None:
    config = {"factors": 8} if "als" in name else {}
    ids, values = fit(name, world, **config).similar(np.array([10, 20]), 5)
    assert ((ids[0] // 10) % 2 == 1).mean() >= 0.8
    assert ((ids[1] // 10) % 2 == 0).mean() >= 0.8
    assert (np.diff(values, axis=1) <= 0).all()


@pytest.mark.parametrize("name", ["item_knn", "ease", "norm_ease"])
def test_the_reasons_are_movies_of_the_history_with_their_ratings(name: str, world: World) -> None:
    model = fit(name, world)
    shown = int(model.recommend(np.array([101]), 1).movies[0, 0])
    own = world.interactions.filter(pl.col("user_id") == 101)
    rated = dict(own.select("movie_id", "rating").iter_rows())
    told = [r for r in model.explain(101, shown).reasons if r.kind == "history"]
    assert told
    assert all(rated[r.movie_id] == r.rating for r in told)  # type: ignore[index]


@pytest.mark.parametrize("name", ["item_knn", "ease", "norm_ease"])
def test_with_a_half_life_the_latest_movie_decides(name: str, world: World) -> None:
    """An old history of odd movies, then one even movie: which is followed?"""
    ratings = pl.DataFrame({"movie_id": [10, 30, 50, 70, 40], "rating": [5.0] * 5})
    shares = []
    for half_life in (0.2, None):
        model = fit(name, world, half_life=half_life, rating_weight=0.0)
        shown = model.fold_in(ratings, 5).movies[0]
        shares.append(float((shown // 10 % 2 == 0).mean()))
    assert shares[0] > 0.7
    assert shares[1] < 0.5


def test_with_a_rating_weight_what_was_disliked_counts_less(world: World) -> None:
    ratings = pl.DataFrame({"movie_id": [10, 20, 30, 40], "rating": [5.0, 1.0, 5.0, 1.0]})
    model = fit("norm_ease", world, rating_weight=0.5)
    assert (model.fold_in(ratings, 5).movies[0] // 10 % 2 == 1).mean() >= 0.8
