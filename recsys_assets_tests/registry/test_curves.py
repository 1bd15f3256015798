"""Curves come back as they were logged, version by version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recsys_assets.registry import Registry, RunRecord
from recsys_assets.registry.curves import trainings


def test_curves_come_back_as_they_were_logged(registry: Registry, record: Callable[..., RunRecord]) -> None:
    loss = np.array([[1, 3.0], [2, 2.5], [10, 2.0]])
    registry.record(replace(record("first"), series={"train/loss": loss, "rollout/exploration_rate": loss * [2, 0.1]}))
    registry.record(record("second", favourite=2, ndcg=0.3))
    second, first = trainings(registry, "popularity")
    assert (first.version, second.version) == (1, 2)
    np.testing.assert_array_equal(first.curves["train/loss"], loss)
    np.testing.assert_array_equal(first.curves["rollout/exploration_rate"][:, 0], [2, 4, 20])
    assert second.curves == {}
    assert second.metrics == {"temporal_validation_ndcg_at_10": 0.3}
    assert "challenger" in second.label


def test_a_model_nobody_trained_has_none(registry: Registry) -> None:
    assert trainings(registry, "svd") == []
