"""The bootstrap against SciPy's and known answers; the gate's comparison on models of known quality."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys_assets.evaluation.bootstrap import mean_interval, paired_bootstrap
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import fit_temporal
from recsys_assets.evaluation.significance import compare_on_holdout
from recsys_assets.evaluation.training import Trained
from recsys_assets_tests.evaluation.worlds import Mean, catalogue_of, oracle_of, splits_of


def test_the_interval_is_scipys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(300), rng.random(300) ** 1.2
    ours = paired_bootstrap(a, b, seed=1, samples=5000)
    theirs = stats.bootstrap((a - b,), np.mean, n_resamples=5000, method="percentile", rng=2).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)
    assert ours.mean == pytest.approx((a - b).mean())
    assert ours.n == 300


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(4)
    found = [mean_interval(rng.normal(0.3, 1, 100), seed=i) for i in range(200)]
    assert 0.90 <= np.mean([i.low <= 0.3 <= i.high for i in found]) <= 0.99


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30), st.integers(0, 9))
def test_the_other_way_round_is_the_mirror_image(pairs: list[tuple[float, float]], seed: int) -> None:
    a, b = (np.array(column) for column in zip(*pairs, strict=True))
    there, back = paired_bootstrap(a, b, seed=seed, samples=200), paired_bootstrap(b, a, seed=seed, samples=200)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert there == paired_bootstrap(a, b, seed=seed, samples=200)


def test_a_constant_gain_has_no_width_and_many_users_fit_in_blocks() -> None:
    b = np.random.default_rng(0).random(100_000)
    gain = paired_bootstrap(b + 0.25, b, seed=0, samples=100)
    assert (gain.low, gain.mean, gain.high) == pytest.approx((0.25, 0.25, 0.25))


def test_figures_that_are_not_of_the_same_users_are_refused() -> None:
    with pytest.raises(EvaluationError, match="2 figures against 3"):
        paired_bootstrap(np.zeros(2), np.zeros(3), seed=0)
    with pytest.raises(EvaluationError, match="0 figures"):
        paired_bootstrap(np.zeros(0), np.zeros(0), seed=0)
    with pytest.raises(EvaluationError, match="confidence"):
        paired_bootstrap(np.zeros(2), np.zeros(2), seed=0, confidence=95)


def test_an_oracle_beats_chance_and_not_the_other_way(trained: dict[str, Trained], splits: pl.DataFrame) -> None:
    oracle, chance = trained["oracle"].holdout, trained["chance"].holdout
    better = compare_on_holdout(oracle, chance, splits, seed=0)
    worse = compare_on_holdout(chance, oracle, splits, seed=0)
    assert better.difference.low > 0 > worse.difference.high
    assert better.challenger_mean == pytest.approx(1)
    assert better.champion_mean == pytest.approx(worse.challenger_mean)
    assert better.difference.mean == pytest.approx(better.challenger_mean - better.champion_mean)


def test_the_comparison_is_the_evaluations(trained: dict[str, Trained], splits: pl.DataFrame) -> None:
    same = compare_on_holdout(trained["mean"].holdout, trained["mean"].holdout, splits, metric="recall", k=20)
    assert (same.difference.mean, same.difference.low, same.difference.high) == (0, 0, 0)
    assert same.challenger_mean == pytest.approx(
        trained["mean"].evaluation.metrics()["temporal_test_warm_recall_at_20"]
    )


def test_who_is_judged_on_is_told(trained: dict[str, Trained], splits: pl.DataFrame) -> None:
    mean = trained["mean"].holdout
    many = compare_on_holdout(mean, mean, splits)
    assert (many.judged_on, many.difference.n, len(many.per_user)) == ("warm users", 54, 60)
    few_splits = splits_of(users=35, cold=10)
    few_model = fit_temporal(Mean, few_splits, catalogue_of(50), seed=0)
    few = compare_on_holdout(few_model, few_model, few_splits)
    assert (few.judged_on, few.difference.n) == ("all users", 35)


def test_a_challenger_that_saw_the_answers_is_refused(trained: dict[str, Trained], splits: pl.DataFrame) -> None:
    with pytest.raises(EvaluationError, match="was fitted on 180 of the 180 pairs"):
        compare_on_holdout(trained["mean"].serving, trained["mean"].holdout, splits)


def test_pairs_that_an_older_champion_was_fitted_on_do_not_count(
    trained: dict[str, Trained], splits: pl.DataFrame, catalogue: pl.DataFrame
) -> None:
    some = splits.filter((pl.col("temporal") == "train") | (pl.col("user_id") <= 5))
    champion = oracle_of(splits)
    champion.fit(some.drop("temporal", "leave_one_out", "fold"), catalogue)
    compared = compare_on_holdout(trained["oracle"].holdout, champion, splits)
    assert compared.n_dropped == 10
    assert 5 not in compared.per_user["user_id"].to_list()
    assert compared.difference.mean == pytest.approx(0)


def test_what_the_champion_did_not_know_is_hidden_from_its_lists(
    trained: dict[str, Trained], splits: pl.DataFrame, catalogue: pl.DataFrame
) -> None:
    old = splits.filter((pl.col("temporal") == "train") & (pl.col("user_id") > 30))
    champion = oracle_of(splits)
    champion.fit(old.drop("temporal", "leave_one_out", "fold"), catalogue)
    compared = compare_on_holdout(trained["oracle"].holdout, champion, splits)
    assert compared.champion_mean == pytest.approx(1)


def test_an_unknown_metric_is_refused(trained: dict[str, Trained], splits: pl.DataFrame) -> None:
    with pytest.raises(EvaluationError, match="no metric 'auc'"):
        compare_on_holdout(trained["mean"].holdout, trained["mean"].holdout, splits, metric="auc")
