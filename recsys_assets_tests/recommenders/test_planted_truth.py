"""Worlds whose right answer is known: every model must find it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender, build
from recsys_assets_tests.recommenders.worlds import World, frame, two_tastes

USERS = np.arange(101, 141)
Fit = Callable[[str], Recommender]
CHOSEN = ["item_knn", "ease", "norm_ease", "implicit_als", "ials", "user_kernel", "topn_blend"]
"""Models of who chose what; the rating, which tells all in a world of two tastes, tells them little or nothing."""


def own_share(movies: np.ndarray, users: np.ndarray) -> float:
    """Share of recommended movies that are of their user's block."""
    return float(((movies // 10) % 2 == (users % 2)[:, None])[movies >= 0].mean())


@pytest.mark.parametrize("name", ["content", "svd", "svdpp", "biased_mf", "bayesian_fm", "rating_blend", "hybrid"])
def test_in_a_world_of_two_tastes_each_user_is_shown_their_own(name: str, fitted: Fit) -> None:
    assert own_share(fitted(name).recommend(USERS, 5).movies, USERS) > 0.98


def test_popularity_cannot_tell_two_tastes_apart(fitted: Fit) -> None:
    assert own_share(fitted("popularity").recommend(USERS, 5).movies, USERS) < 0.8


@pytest.mark.parametrize("name", ["content", "svd", "svdpp", "biased_mf", "bayesian_fm", "rating_blend", "hybrid"])
@pytest.mark.parametrize("block", [0, 1])
def test_two_ratings_tell_a_newcomers_taste(name: str, block: int, fitted: Fit) -> None:
    ratings = pl.DataFrame({"movie_id": [10, 20], "rating": [5.0, 1.0] if block else [1.0, 5.0]})
    shown = fitted(name).fold_in(ratings, 5).movies
    assert own_share(shown, np.array([block])) > 0.75


def test_content_reaches_movies_nobody_rated(fitted: Fit) -> None:
    """390 and 400 are the last of either block; among a user's whole block they must not come last."""
    model = fitted("content")
    cold = {1: 390, 0: 400}
    for user in USERS[:6].tolist():
        ranked = model.recommend(np.array([user]), 40, exclude="nothing").movies[0].tolist()
        assert ranked.index(cold[user % 2]) < 20 <= ranked.index(cold[1 - user % 2])


@pytest.mark.parametrize("name", ["content", "svd", "svdpp", "biased_mf", "bayesian_fm", "rating_blend", "hybrid"])
def test_more_data_does_not_change_what_the_first_users_like(name: str, fitted: Fit) -> None:
    bigger = two_tastes(users=60, seed=5)
    model = build(name, fitted(name).config).fit(bigger.interactions, bigger.catalogue, seed=1)
    assert own_share(model.recommend(USERS, 5).movies, USERS) > 0.98


def rank_one(*, noise: float, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """60 users x 40 movies, rating = 2.75 + 1.5 a_u b_m + noise with a, b = -1 or 1; and the noiseless matrix."""
    rng = np.random.default_rng(seed)
    a, b = rng.choice([-1.0, 1.0], 60), rng.choice([-1.0, 1.0], 40)
    truth = 2.75 + 1.5 * np.outer(a, b)
    u, m = np.indices(truth.shape).reshape(2, -1)
    rating = np.clip(truth.ravel() + noise * rng.standard_normal(len(u)), 0.5, 5)
    return frame(u + 1, m + 1, rating, rng.permutation(len(u))), truth


def test_svd_recovers_a_rank_one_world_below_its_noise() -> None:
    ratings, truth = rank_one(noise=0.5)
    train = np.random.default_rng(1).random(len(ratings)) < 0.7
    catalogue = pl.DataFrame({"movie_id": range(1, 41)}).with_columns(
        title=pl.lit("x"), year=pl.lit(1990), genres=pl.lit([], dtype=pl.List(pl.String))
    )
    svd = build("svd", {"factors": 4, "epochs": 120, "learning_rate": 0.01})
    svd.fit(ratings.filter(pl.Series(train)), catalogue, seed=0)
    test = ratings.filter(pl.Series(~train))
    users, movies = test["user_id"].to_numpy(), test["movie_id"].to_numpy()
    error = svd.predict(users, movies) - truth[users - 1, movies - 1]  # type: ignore[attr-defined]
    assert np.sqrt((error**2).mean()) < 0.35


def blind_world() -> World:
    """Ratings say nothing (all 4 stars); genres say everything: users watch their own block only."""
    world = two_tastes(seed=2)
    own = (pl.col("movie_id") // 10 % 2) == (pl.col("user_id") % 2)
    return World(world.interactions.filter(own).with_columns(rating=pl.lit(4.0, pl.Float32)), world.catalogue)


@pytest.mark.parametrize("name", CHOSEN)
def test_where_ratings_say_nothing_who_chose_what_tells_the_tastes(name: str, fitted: Fit) -> None:
    world = blind_world()
    model = build(name, fitted(name).config).fit(world.interactions, world.catalogue, seed=0)
    assert own_share(model.recommend(USERS, 5).movies, USERS) > 0.98
    newcomer = pl.DataFrame({"movie_id": [10, 30, 50], "rating": [4.0] * 3})
    assert own_share(model.fold_in(newcomer, 5).movies, np.array([1])) > 0.98


def test_the_hybrid_leans_on_the_part_that_knows() -> None:
    world = blind_world()
    hybrid = build("hybrid", {"part_configs": {"biased_mf": {"factors": 4, "epochs": 5}}})
    hybrid.fit(world.interactions, world.catalogue, seed=0)
    validation = hybrid.validation  # type: ignore[attr-defined]
    assert validation["content"] > 1.2 * max(validation["popularity"], validation["biased_mf"])
    assert own_share(hybrid.recommend(USERS, 5).movies, USERS) > 0.95
