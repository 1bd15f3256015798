"""What training hands back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.training import Trained, saved_bytes, train
from recsys_assets_tests.evaluation.worlds import Chance, Mean


def test_the_served_model_knows_everything_and_the_judged_one_only_the_past(
    trained: dict[str, Trained], splits: pl.DataFrame
) -> None:
    one = trained["mean"]
    assert len(one.serving.histories.movies) == len(splits)
    assert len(one.holdout.histories.movies) == len(splits.filter(pl.col("temporal") == "train"))
    assert one.serving.config == one.holdout.config


def test_cost_is_measured(trained: dict[str, Trained], tmp_path) -> None:
    evaluation = trained["mean"].evaluation
    trained["mean"].serving.save(tmp_path / "model")
    assert evaluation.model_bytes == sum(p.stat().st_size for p in (tmp_path / "model").iterdir())
    assert evaluation.model_bytes == saved_bytes(trained["mean"].serving)
    assert evaluation.fit_seconds > 0
    assert evaluation.recommend_ms_per_user > 0


def test_the_same_seed_gives_the_same_figures(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    versions = {"dataset": "tiny", "data_version": "d1", "split_version": "s1"}
    one, other, third = (train("chance", Chance, splits, catalogue, seed=s, **versions).evaluation for s in (5, 5, 6))
    assert one.rankings[1].at == other.rankings[1].at
    assert one.rankings[1].at != third.rankings[1].at


def test_every_stage_is_told(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    told: list[str] = []
    versions = {"dataset": "tiny", "data_version": "d1", "split_version": "s1"}
    train("mean", Mean, splits, catalogue, seed=0, progress=told.append, **versions)
    for stage in ("temporal training part", "validation part", "test part", "leave-one-out", "fold 5 of 5", "served"):
        assert any(stage in line for line in told), stage
    assert all(line.startswith("mean: ") for line in told)


def test_protocols_can_be_chosen(splits: pl.DataFrame, catalogue: pl.DataFrame) -> None:
    versions = {"dataset": "tiny", "data_version": "d1", "split_version": "s1"}
    only = train("mean", Mean, splits, catalogue, seed=0, protocols=("cross_validation",), **versions).evaluation
    assert only.rankings == ()
    assert [r.protocol for r in only.ratings] == ["cv5"]
    with pytest.raises(EvaluationError, match="there is no protocol guess"):
        train("mean", Mean, splits, catalogue, seed=0, protocols=("guess",), **versions)  # type: ignore[arg-type]


def test_figures_are_finite(trained: dict[str, Trained]) -> None:
    for result in trained.values():
        assert np.isfinite(list(result.evaluation.metrics().values())).all()
