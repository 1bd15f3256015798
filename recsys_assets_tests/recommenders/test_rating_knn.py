"""RatingKnn, its correlations and the baseline under it, against loops over every rating."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender, item_correlations
from recsys_assets.recommenders.biases import Biases
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.item_correlations import strongest_correlations
from recsys_assets.recommenders.rating_knn import RatingKnn
from recsys_assets_tests.recommenders.published import published
from recsys_assets_tests.recommenders.worlds import World

Fit = Callable[[str], Recommender]


@pytest.fixture(scope="module")
def knn(fitted: Fit) -> RatingKnn:
    model = fitted("rating_knn")
    assert isinstance(model, RatingKnn)
    return model


@pytest.fixture
def histories() -> Histories:
    rng = np.random.default_rng(0)
    u, m = np.nonzero(rng.random((30, 12)) < 0.5)
    return Histories.from_columns(u, 30, m, rng.integers(1, 11, len(u)) / 2, rng.integers(0, 999, len(u)))


def test_biases_agree_with_one_another(histories: Histories) -> None:
    """Each is the damped mean of what the others leave: the fixed point of the two formulas."""
    found = Biases.of(histories, 13, damping=2.0)
    users, mean = found.of_users(histories), float(histories.ratings.mean())
    assert found.mean == pytest.approx(mean)
    for i in range(12):
        at = np.flatnonzero(histories.movies == i)
        expected = (histories.ratings[at] - mean - users[histories.rows[at]]).sum() / (len(at) + 2)
        assert found.movies[i] == pytest.approx(expected, abs=1e-4)
    assert found.movies[12] == 0
    left = histories.ratings - mean - users[histories.rows] - found.movies[histories.movies]
    np.testing.assert_allclose(found.residuals(histories), left, atol=1e-6)


@pytest.mark.parametrize("elements", [1, 40, 1 << 24])
def test_correlations_are_those_of_the_formula(
    histories: Histories, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them kept, computed in blocks of one movie, of some, of all."""
    monkeypatch.setattr(item_correlations, "BLOCK_ELEMENTS", elements)
    values = Biases.of(histories, 12, damping=2.0).residuals(histories)
    found = strongest_correlations(histories, values, 12, kept=12, co_raters=5, power=2, max_movies=99).toarray()
    e = np.full((30, 12), np.nan)
    e[histories.rows, histories.movies] = values
    for i in range(12):
        for j in range(12):
            both = ~np.isnan(e[:, i]) & ~np.isnan(e[:, j])
            a, b, n = e[both, i], e[both, j], both.sum()
            corr = a @ b / np.sqrt((a @ a) * (b @ b)) if i != j else 0
            assert found[i, j] == pytest.approx(max(0, corr * n / (n + 5)) ** 2, abs=1e-5)


def test_each_movie_keeps_its_strongest_and_only_the_most_rated_have_any(histories: Histories) -> None:
    values = Biases.of(histories, 12, damping=2.0).residuals(histories)
    whole, few = (
        strongest_correlations(histories, values, 12, kept=kept, co_raters=5, power=2, max_movies=most).toarray()
        for kept, most in ((12, 12), (3, 12))
    )
    for i in range(12):
        expected = np.sort(whole[i])[-3:]
        np.testing.assert_allclose(np.sort(few[i])[-3:], expected, atol=1e-7)
        assert (few[i] > 0).sum() <= 3
    most_rated = np.argsort(-np.bincount(histories.movies, minlength=12), kind="stable")[:5]
    capped = strongest_correlations(histories, values, 12, kept=12, co_raters=5, power=2, max_movies=5).toarray()
    others = np.setdiff1d(np.arange(12), most_rated)
    np.testing.assert_allclose(capped[np.ix_(most_rated, most_rated)], whole[np.ix_(most_rated, most_rated)], atol=1e-6)
    assert not capped[others].any()
    assert not capped[:, others].any()


def test_a_prediction_is_the_formula_rating_by_rating(knn: RatingKnn, world: World) -> None:
    ratings = world.interactions.with_columns(at=pl.col("timestamp").dt.epoch("s"))
    users, movies = np.array([101, 101, 140, 120, 117]), np.array([10, 200, 370, 50, 400])
    at = np.array([knn.histories.timestamps[k] for k in (0, 5, 9, 40, 77)]) + 1
    for user, movie, when, told in zip(users, movies, at, knn.predict(users, movies, at=at), strict=True):
        i = int(knn.movies.index(np.array([movie]))[0])
        own = ratings.filter(pl.col("user_id") == int(user))
        j = knn.movies.index(own["movie_id"].to_numpy())
        base = knn.biases.mean + knn.biases.movies
        bias = (own["rating"].to_numpy() - base[j]).sum() / (len(own) + knn.config.damping)
        gap = np.abs(own["at"].to_numpy() - when) / knn.config.moment_seconds
        theta = knn.alike.toarray()[i, j] + knn.config.moment * np.exp(-gap)
        left = own["rating"].to_numpy() - base[j] - bias
        expected = base[i] + bias + theta @ left / (knn.config.shrink + theta.sum())
        assert told == pytest.approx(np.clip(expected, 0.5, 5), abs=1e-4)


def test_scores_are_predictions_as_of_the_last_rating(knn: RatingKnn) -> None:
    scores = knn.scores(np.array([101, 110]))
    for user, row in zip((101, 110), scores, strict=True):
        told = knn.predict(np.full(len(row), user), knn.movies.values)
        np.testing.assert_allclose(np.clip(row, 0.5, 5), told, atol=1e-4)


def test_pairs_in_blocks_are_predicted_as_at_once(knn: RatingKnn, monkeypatch: pytest.MonkeyPatch) -> None:
    users, movies = np.repeat(np.arange(100, 115), 9), np.tile(np.arange(10, 100, 10), 15)
    at_once = knn.predict(users, movies)
    monkeypatch.setattr("recsys_assets.recommenders.rating_knn.PAIR_BLOCK", 7)
    np.testing.assert_allclose(knn.predict(users, movies), at_once, atol=1e-6)


def test_unknown_users_and_movies_get_what_is_left_of_the_formula(knn: RatingKnn) -> None:
    both, movie_only = knn.predict(np.array([999, 999]), np.array([999, 10]))
    assert both == pytest.approx(knn.biases.mean, abs=1e-5)
    assert movie_only == pytest.approx(knn.biases.mean + knn.biases.movies[0], abs=1e-5)
    assert np.isfinite(knn.predict(np.array([101]), np.array([999])))


def test_each_user_is_shown_their_own_taste(knn: RatingKnn) -> None:
    shown = knn.recommend(knn.users.values, 5).movies
    assert ((shown // 10) % 2 == (knn.users.values % 2)[:, None]).mean() > 0.9


def test_the_reasons_are_the_users_own_ratings(knn: RatingKnn) -> None:
    reasons = [r for r in knn.explain(101, 390).reasons if r.kind == "history"]
    own = knn.histories.take(np.array([0]))
    assert {r.movie_id for r in reasons} <= set(knn.movies.values[own.movies].tolist())
    assert all(r.contribution for r in reasons), "ratings that say nothing of a movie are no reason"


def test_movies_of_one_taste_are_alike(knn: RatingKnn) -> None:
    movies, _ = knn.similar(np.array([10, 20]), 5)
    assert ((movies // 10) % 2 == np.array([[1], [0]])).mean() >= 0.8


@pytest.mark.real_data
def test_neighbours_in_time_tell_more_than_like_movies_alone(mirror: Path) -> None:
    """One of five folds of ml-100k; Surprise's best KNNBaseline has 0.916 over five folds, and knows no time."""
    ratings, catalogue, _ = published("ml-100k", mirror)
    test = pl.Series(np.random.RandomState(42).permutation(len(ratings)) % 5 == 0)
    held = ratings.filter(test)
    asked, at = (held["user_id"].to_numpy(), held["movie_id"].to_numpy()), held["timestamp"].dt.epoch("s").to_numpy()
    rmse = {}
    for moment in (0.01, 0.0):
        model = RatingKnn(RatingKnn.Config(moment=moment)).fit(ratings.filter(~test), catalogue, seed=0)
        rmse[moment] = float(np.sqrt(np.mean((model.predict(*asked, at=at) - held["rating"].to_numpy()) ** 2)))
    assert rmse[0.01] < 0.9 < rmse[0.0] < 0.916
