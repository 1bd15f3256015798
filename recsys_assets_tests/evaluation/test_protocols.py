"""Every protocol on models whose result is known, and what no protocol may ever do."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.metrics import METRICS, find_hits
from recsys_assets.evaluation.protocols import (
    cross_validate,
    fit_temporal,
    interactions_of,
    leave_one_out,
    score_temporal,
)
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.scoring import score_lists, score_ratings
from recsys_assets_tests.evaluation.worlds import Chance, Mean, catalogue_of, oracle_of, splits_of


def pairs(frame: pl.DataFrame) -> set[tuple[int, int]]:
    return set(frame.select("user_id", "movie_id").iter_rows())


@pytest.mark.parametrize("protocol", ["temporal_validation", "temporal_test", "loo_test"])
def test_an_oracle_reaches_ndcg_1(evaluations: dict[str, Evaluation], protocol: str) -> None:
    result = evaluations["oracle"].ranking(protocol)
    assert result is not None
    for metrics in result.at:
        assert metrics.ndcg == metrics.hit_rate == metrics.mrr == pytest.approx(1)
    assert [m.recall for m in result.warm] == pytest.approx([1, 1])


def test_a_random_model_is_as_good_as_chance() -> None:
    splits = splits_of(users=600, movies=50, events=12, cold=0)
    found = leave_one_out(Chance, splits, catalogue_of(50), seed=1).rankings[0].at[0]
    shown = 10 / (50 - 11)
    assert found.hit_rate == pytest.approx(shown, abs=4 * np.sqrt(shown * (1 - shown) / 600))
    expected_ndcg = sum(1 / np.log2(place + 1) for place in range(1, 11)) / 39
    assert found.ndcg == pytest.approx(expected_ndcg, abs=0.03)


@pytest.mark.parametrize("model", ["oracle", "mean", "chance"])
def test_figures_are_those_of_the_lists_the_model_gives(trained, splits: pl.DataFrame, model: str) -> None:
    test, validation = interactions_of(splits, "temporal", "test"), interactions_of(splits, "temporal", "validation")
    result = trained[model].evaluation.ranking("temporal_test")
    users = np.array(sorted(set(test["user_id"])))
    lists = trained[model].holdout.recommend(users, 20, also_exclude=validation.select("user_id", "movie_id")).movies
    hits = find_hits(users, lists, test["user_id"].to_numpy(), test["movie_id"].to_numpy())
    for metrics in result.at:
        for name, metric in METRICS.items():
            assert getattr(metrics, name) == pytest.approx(metric(hits, metrics.k).mean()), name


def test_new_users_are_reported_apart(evaluations: dict[str, Evaluation]) -> None:
    result = evaluations["mean"].ranking("temporal_test")
    assert (result.n_users, result.n_cold_users) == (60, 6)
    assert result.per_user.filter("is_cold")["user_id"].to_list() == [55, 56, 57, 58, 59, 60]
    assert result.per_user.filter("is_cold")["n_history"].to_list() == [0] * 6
    assert result.at[0].ndcg == pytest.approx((54 * result.warm[0].ndcg + 6 * result.cold[0].ndcg) / 60)
    assert evaluations["mean"].ranking("temporal_validation").cold == ()


def test_movies_that_nobody_had_rated_are_counted() -> None:
    splits = splits_of(users=30, movies=40, events=8, cold=0)
    unseen = splits.filter(pl.col("temporal") == "train")["movie_id"].unique()
    test = splits.filter((pl.col("temporal") == "test") & ~pl.col("movie_id").is_in(unseen.implode()))
    result = score_temporal(fit_temporal(Mean, splits, catalogue_of(40), seed=0), splits).rankings[1]
    assert result.n_relevant == 60
    assert result.n_unseen_movies == len(test)


def test_movies_watched_before_the_scored_part_are_never_shown(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    shown: list[np.ndarray] = []

    class Watched(Mean):
        def recommend(self, users, k, **options):  # type: ignore[no-untyped-def]
            lists = super().recommend(users, k, **options)
            shown.append(np.column_stack([np.repeat(users, k), lists.movies.ravel()]))
            return lists

    score_temporal(fit_temporal(Watched, splits, catalogue, seed=0), splits)
    for lists, parts in zip(shown, (["train"], ["train", "validation"]), strict=True):
        before = pairs(splits.filter(pl.col("temporal").cast(pl.String).is_in(parts)))
        assert not before & set(map(tuple, lists.tolist()))


def test_no_model_is_ever_fitted_on_what_it_is_scored_on(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    Mean.fits.clear()
    score_temporal(fit_temporal(Mean, splits, catalogue, seed=0), splits)
    leave_one_out(Mean, splits, catalogue, seed=0)
    leave_one_out(Mean, splits, catalogue, part="validation", seed=0)
    cross_validate(Mean, splits, catalogue, seed=0)
    temporal, test, validation, *folds = map(pairs, Mean.fits)
    assert temporal == pairs(splits.filter(pl.col("temporal") == "train"))
    assert test == pairs(splits.filter(pl.col("leave_one_out") != "test"))
    assert validation == pairs(splits.filter(pl.col("leave_one_out") == "train"))
    assert folds == [pairs(splits.filter(pl.col("fold") != fold)) for fold in range(5)]


def test_a_model_that_saw_the_answers_is_refused(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    everything = Mean().fit(splits.drop("temporal", "leave_one_out", "fold"), catalogue)
    with pytest.raises(EvaluationError, match="fitted on 180 of the 180 pairs"):
        score_temporal(everything, splits.filter(pl.col("temporal") != "validation"))
    with pytest.raises(EvaluationError, match="fitted on 180 of the 180 pairs"):
        score_lists(everything, interactions_of(splits, "temporal", "test"), protocol="temporal_test")
    with pytest.raises(EvaluationError, match="fitted on 108 of the 108 pairs"):
        score_ratings(everything, interactions_of(splits, "temporal", "validation"), protocol="temporal_validation")


def test_parts_that_overlap_in_time_are_refused(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    leaking = splits.with_columns(timestamp=pl.col("timestamp").reverse())
    with pytest.raises(EvaluationError, match="re-materialize `splits`"):
        fit_temporal(Mean, leaking, catalogue, seed=0)
    with pytest.raises(EvaluationError, match="lack temporal"):
        fit_temporal(Mean, splits.drop("temporal"), catalogue, seed=0)


def test_rating_errors_are_those_of_numpy(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    cv = cross_validate(Mean, splits, catalogue, seed=0).ratings[0]
    fold, rating = splits["fold"].to_numpy(), splits["rating"].to_numpy().astype(float)
    errors = [rating[fold == f] - rating[fold != f].mean() for f in range(5)]
    rmse = [np.sqrt(np.mean(e**2)) for e in errors]
    assert (cv.protocol, cv.n) == ("cv5", len(splits))
    assert cv.rmse == pytest.approx(np.mean(rmse), abs=1e-5)
    assert cv.rmse_sd == pytest.approx(np.std(rmse, ddof=1), abs=1e-5)
    assert cv.mae == pytest.approx(np.mean([np.abs(e).mean() for e in errors]), abs=1e-5)
    assert cv.mse == pytest.approx(np.mean([np.mean(e**2) for e in errors]), abs=1e-5)


def test_pairs_of_new_users_or_movies_are_reported_apart(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    model = fit_temporal(Mean, splits, catalogue, seed=0)
    result = score_temporal(model, splits).ratings[1]
    test = interactions_of(splits, "temporal", "test")
    warm = test.filter(pl.col("user_id") <= 54)["rating"].to_numpy().astype(float)
    mean = interactions_of(splits, "temporal", "train")["rating"].to_numpy().astype(float).mean()
    assert (result.n, result.n_cold) == (180, 72)
    assert result.warm_rmse == pytest.approx(np.sqrt(np.mean((warm - mean) ** 2)), abs=1e-5)


def test_models_without_predicted_ratings_have_no_rating_errors(evaluations: dict[str, Evaluation]) -> None:
    assert evaluations["chance"].ratings == ()
    assert [r.protocol for r in evaluations["mean"].ratings] == ["temporal_validation", "temporal_test", "cv5"]


def test_a_part_without_events_is_not_reported(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    without = splits.filter(pl.col("temporal") != "validation")
    scores = score_temporal(fit_temporal(Mean, without, catalogue, seed=0), without)
    assert [r.protocol for r in scores.rankings] == ["temporal_test"]
    with pytest.raises(EvaluationError, match="no pair to find"):
        score_lists(oracle_of(splits), splits.clear(), protocol="none")
