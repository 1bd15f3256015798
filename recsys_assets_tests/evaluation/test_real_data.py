"""The protocols on published ratings give the figures that others measured."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.protocols import cross_validate, fit_temporal, leave_one_out, score_temporal
from recsys_assets.evaluation.seed_windows import seed_windows
from recsys_assets.recommenders import build

pytestmark = pytest.mark.real_data


def test_most_rated_movies_score_as_they_did_elsewhere(published: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Leave-one-out HR@10 and NDCG@10 of popularity, measured with other code: 0.041 and 0.019 (3 seeds, se 0.008)."""
    found = leave_one_out(lambda: build("popularity", {"order": "count"}), *published, seed=0).rankings[0]
    assert found.n_users == 610
    assert found.at[0].hit_rate == pytest.approx(0.041, abs=0.016)
    assert found.at[0].ndcg == pytest.approx(0.019, abs=0.01)


def test_figures_are_those_of_counting_by_hand(published: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    splits, catalogue = published
    model = fit_temporal(lambda: build("popularity", {"order": "count"}), splits, catalogue, seed=0)
    result = score_temporal(model, splits).rankings[1]
    train, test = (splits.filter(pl.col("temporal") == part) for part in ("train", "test"))
    votes = train.group_by("movie_id").len().sort("len", "movie_id", descending=[True, False])["movie_id"].to_list()
    for user in result.per_user.filter(~pl.col("is_cold"))["user_id"].head(10):
        before = splits.filter((pl.col("user_id") == user) & (pl.col("temporal") != "test"))["movie_id"].to_list()
        shown = [movie for movie in votes if movie not in set(before)][:10]
        wanted = set(test.filter(pl.col("user_id") == user)["movie_id"])
        row = result.per_user.row(by_predicate=pl.col("user_id") == user, named=True)
        assert row["precision_at_10"] == pytest.approx(len(wanted & set(shown)) / 10)
        assert row["recall_at_10"] == pytest.approx(len(wanted & set(shown)) / len(wanted))
        assert row["n_history"] == len(train.filter(pl.col("user_id") == user))


def test_few_test_users_of_this_data_set_are_known_before(published: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    model = fit_temporal(lambda: build("popularity"), *published, seed=0)
    validation, test = score_temporal(model, published[0]).rankings
    assert (validation.n_users, validation.n_cold_users) == (62, 41)
    assert (test.n_users, test.n_cold_users) == (74, 54)
    assert np.isfinite(list(test.metrics().values())).all()


def test_popularity_predicts_no_ratings(published: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    assert cross_validate(lambda: build("popularity"), *published, seed=0).ratings == ()


def test_windows_split_at_random_leak_as_they_did_elsewhere(published: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """3,650 movies, 30,650 and 6,568 windows, 89 % of them leaked; popularity 0.026, the look-up 0.904 elsewhere, where
    it fell back otherwise. The same windows split by time give the look-up nothing."""
    random, timed = seed_windows({}, *published, seed=3)
    assert (random.n_movies, random.n_train, random.n_test) == (3650, 30650, 6568)
    assert random.leaked_share == pytest.approx(0.89, abs=0.01)
    popular, read = random.scores
    assert popular.hit_rate.mean == pytest.approx(0.026, abs=0.005)
    assert read.hit_rate.mean > 0.88
    assert timed.scores[1].hit_rate.mean == timed.scores[0].hit_rate.mean < 0.05
