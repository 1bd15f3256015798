"""Results keep their names and survive JSON."""

from __future__ import annotations

import json

import pytest
from polars.testing import assert_frame_equal

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.results import Evaluation


@pytest.mark.parametrize("model", ["oracle", "mean"])
def test_json_gives_back_what_went_in(evaluations: dict[str, Evaluation], model: str) -> None:
    one = evaluations[model]
    other = Evaluation.from_json(one.to_json())
    assert other == one
    assert other.metrics() == one.metrics()
    for a, b in zip(one.rankings, other.rankings, strict=True):
        assert_frame_equal(a.per_user, b.per_user)


def test_another_format_is_refused(evaluations: dict[str, Evaluation]) -> None:
    document = json.loads(evaluations["mean"].to_json()) | {"format_version": 0}
    with pytest.raises(EvaluationError, match="format 0"):
        Evaluation.from_json(json.dumps(document))


def test_names_stay_as_they_are(evaluations: dict[str, Evaluation]) -> None:
    names = set(evaluations["mean"].metrics())
    assert names >= {
        "temporal_validation_ndcg_at_10",
        "temporal_test_ndcg_at_10",
        "temporal_test_precision_at_20",
        "temporal_test_warm_mrr_at_10",
        "temporal_test_cold_recall_at_20",
        "temporal_test_rmse",
        "temporal_test_warm_rmse",
        "loo_test_hr_at_10",
        "loo_test_coverage_at_10",
        "loo_test_diversity_at_10",
        "loo_test_novelty_at_10",
        "cv5_rmse",
        "cv5_rmse_sd",
        "cv5_mae",
        "cv5_mse",
        "fit_seconds",
        "recommend_ms_per_user",
        "model_bytes",
    }
    assert all(name == name.lower() and name.replace("_", "").isalnum() for name in names)


def test_means_are_those_of_the_per_user_figures(evaluations: dict[str, Evaluation]) -> None:
    one = evaluations["chance"]
    for result in one.rankings:
        for name in ("hr_at_10", "ndcg_at_20", "mrr_at_10"):
            assert one.metrics()[f"{result.protocol}_{name}"] == pytest.approx(result.per_user[name].mean())
