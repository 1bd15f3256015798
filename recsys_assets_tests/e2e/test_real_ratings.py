"""The whole graph on MovieLens latest-small, against figures that others measured on it."""

from __future__ import annotations

import pytest

from recsys_assets.recommenders.hybrid import HybridConfig
from recsys_assets_tests.e2e.conftest import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.real_data]


@pytest.fixture(scope="module")
def figures(latest_small: Deployment) -> dict[str, dict[str, float]]:
    return {row["model"]: row["metrics"] for row in latest_small.recsys_json("leaderboard")["models"]}


def test_svd_is_as_good_as_tuned_surprise(figures: dict[str, dict[str, float]]) -> None:
    """Surprise's SVD, tuned, five random folds: RMSE 0.855, MAE 0.654; its defaults 0.878. Folds differ by 0.004."""
    assert figures["svd"]["cv5_rmse"] < 0.863
    assert figures["svd"]["cv5_mae"] < 0.662
    assert figures["svd"]["cv5_mse"] == pytest.approx(figures["svd"]["cv5_rmse"] ** 2, rel=0.01)


def test_a_random_fold_flatters_a_rating_model(figures: dict[str, dict[str, float]]) -> None:
    assert figures["svd"]["temporal_test_rmse"] > figures["svd"]["cv5_rmse"]


def test_the_hybrid_beats_what_it_is_made_of_on_validation(figures: dict[str, dict[str, float]]) -> None:
    compared = ("hybrid", *HybridConfig().parts)
    validation = {model: figures[model]["temporal_validation_ndcg_at_10"] for model in compared}
    assert max(validation, key=lambda model: validation[model]) == "hybrid"


def test_models_of_lists_beat_popularity_where_their_users_are_known(figures: dict[str, dict[str, float]]) -> None:
    last_movie = {model: figures[model]["loo_test_ndcg_at_10"] for model in figures}
    assert all(
        last_movie[model] > 2 * last_movie["popularity"] for model in ("item_knn", "ease", "norm_ease", "markov")
    )


def test_our_factorization_is_as_good_as_surprises(figures: dict[str, dict[str, float]]) -> None:
    assert figures["biased_mf"]["cv5_rmse"] < figures["svd"]["cv5_rmse"] + 0.005


def test_similar_titles_share_people_with_the_one_named(latest_small: Deployment) -> None:
    near = latest_small.recsys_json("similar", "Toy Story (1995)", "-k", "5")
    assert near["movies"][0]["title"] == "Toy Story 2 (1999)"
